// Where a SQLite database is, and what may be wrong with the file: missing, replaced, damaged, no database.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/connectors/sqlite_files.h"

namespace vhookd::testing {

namespace {

config::Database at_url(const std::string& url) {
  return {.type = DbType::sqlite, .url = Secret(url), .display = url, .schema = {}};
}

// For the time of its life this process has no rights but everyone's.
class AsNobody {
 public:
  AsNobody() {
    if (::seteuid(65534) != 0) ADD_FAILURE() << "seteuid";
  }
  ~AsNobody() {
    if (::seteuid(0) != 0) ADD_FAILURE() << "seteuid back";
  }
};

}  // namespace

TEST(SqliteUrl, OnlyAnAbsolutePath) {
  for (const std::string url :
       {"sqlite://rel.db", "sqlite:/abs.db", "sqlite://", "sqlite:///", "sqlite:///folder/", "/abs.db",
        "postgres:///abs.db", "sqlite:///a.db?mode=rwc", "sqlite:///a.db#x", "sqlite:///a%", "sqlite:///a%4",
        "sqlite:///a%zz", "sqlite:///a%+1", "sqlite:///a%00b"}) {
    SCOPED_TRACE(url);
    const auto error = refusal(at_url(url));
    EXPECT_EQ(error.recourse, Recourse::ask_operator);
    EXPECT_TRUE(holds(error, "sqlite:///absolute/path.db")) << error.message;
  }
}

TEST(SqliteUrl, IsPercentDecoded) {
  const Folder folder;
  const auto path = folder.file("a b?c#d%é.db");
  Writer(path).execute("CREATE TABLE t (id); INSERT INTO t VALUES (7)");
  const auto session = open(at_url("sqlite://" + folder.file("a%20b%3fc%23d%25%C3%A9.db")));
  ASSERT_TRUE(session);
  EXPECT_EQ(one(*session, "SELECT id FROM t"), "7");
}

TEST(SqliteFile, AMissingOneIsNotMade) {
  const Folder folder;
  const auto path = folder.file("none.db");
  const auto error = refusal(sqlite_at(path));
  EXPECT_EQ(error.recourse, Recourse::ask_operator);
  EXPECT_TRUE(holds(error, path + ": no such file")) << error.message;
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(SqliteFile, WhatIsNoDatabaseIsForTheOperator) {
  const Folder folder;
  const auto path = folder.file("text.db");
  std::ofstream(path) << std::string(5000, 'x');
  const auto garbage = refusal(sqlite_at(path));
  EXPECT_EQ(garbage.recourse, Recourse::ask_operator);
  EXPECT_TRUE(holds(garbage, "not an SQLite database")) << garbage.message;
  const auto directory = refusal(sqlite_at(folder.path().string()));
  EXPECT_EQ(directory.recourse, Recourse::ask_operator);
  EXPECT_TRUE(holds(directory, "a folder")) << directory.message;
  const auto device = refusal(sqlite_at("/dev/null"));
  EXPECT_EQ(device.recourse, Recourse::ask_operator);
}

TEST(SqliteFile, OtherSchemasAreForTheOperator) {
  const Folder folder;
  Writer(folder.file("a.db")).execute("CREATE TABLE t (id)");
  auto database = sqlite_at(folder.file("a.db"));
  for (const std::string schema : {"public", "Main", "main\" --"}) {
    database.schema = schema;
    EXPECT_EQ(refusal(database).recourse, Recourse::ask_operator) << schema;
  }
  database.schema = "main";
  EXPECT_TRUE(open(database));
}

TEST(SqliteFile, MissingPermissionIsForTheOperator) {
  if (::geteuid() != 0) GTEST_SKIP() << "NOT TESTED: only root can take rights away and give them back";
  const Folder folder;
  const auto path = folder.file("a.db");
  Writer(path).execute("CREATE TABLE t (id); INSERT INTO t VALUES (7)");
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  {
    const AsNobody nobody;
    const auto error = refusal(sqlite_at(path));
    EXPECT_EQ(error.recourse, Recourse::ask_operator);
    EXPECT_TRUE(holds(error, "read permission")) << error.message;
  }
  std::filesystem::permissions(path, std::filesystem::perms(0644));
  {
    const AsNobody nobody;
    const auto session = open(sqlite_at(path));
    ASSERT_TRUE(session);
    const auto table = session->describe({.schema = {}, .name = "t"});
    ASSERT_TRUE(table);
    EXPECT_FALSE(table->may_write);
  }
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0700));
  const AsNobody nobody;
  const auto error = refusal(sqlite_at(path));
  EXPECT_EQ(error.recourse, Recourse::ask_operator);
  EXPECT_TRUE(holds(error, "folders above")) << error.message;
}

TEST(SqliteFile, AWalThatCannotBeMadeIsForTheOperator) {
  if (::geteuid() != 0) GTEST_SKIP() << "NOT TESTED: only root can take rights away and give them back";
  const Folder folder;
  const auto path = folder.file("a.db");
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  Writer(path).execute("PRAGMA journal_mode = WAL; CREATE TABLE t (id); INSERT INTO t VALUES (7)");
  ASSERT_FALSE(std::filesystem::exists(path + "-shm")) << "the last one to leave takes it away";
  {
    const AsNobody nobody;
    const auto error = refusal(sqlite_at(path));
    EXPECT_EQ(error.recourse, Recourse::ask_operator);
    EXPECT_TRUE(holds(error, "-shm")) << error.message;
    EXPECT_TRUE(holds(error, folder.path().string())) << error.message;
  }
  Writer writer(path);  // keeps it there
  writer.execute("INSERT INTO t VALUES (8)");
  const AsNobody nobody;
  const auto session = open(sqlite_at(path));
  ASSERT_TRUE(session);
  EXPECT_EQ(one(*session, "SELECT count(*) FROM t"), "2");
}

TEST(SqliteFile, ADamagedOneIsForTheOperator) {
  const Folder folder;
  const auto path = folder.file("a.db");
  Writer(path).execute(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
      "SELECT i + 1 FROM n WHERE i < 5000) SELECT i, hex(randomblob(50)) FROM n");
  const auto size = std::filesystem::file_size(path);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(size / 2));
  file << std::string(40'000, '\xa5');
  file.close();
  const auto session = open(sqlite_at(path));
  ASSERT_TRUE(session);
  const auto texts = read(*session, "SELECT v FROM t");
  ASSERT_FALSE(texts) << "a short answer passed as whole";
  EXPECT_EQ(texts.error().recourse, Recourse::ask_operator);
  EXPECT_TRUE(holds(texts.error(), "malformed")) << texts.error().message;
}

// What a crash leaves: pages of an unfinished transaction in the file, and the journal to undo them.
TEST(SqliteFile, AHalfWrittenOneIsForTheOperator) {
  const Folder folder;
  const auto path = folder.file("a.db");
  Writer writer(path);
  writer.execute(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
      "SELECT i + 1 FROM n WHERE i < 5000) SELECT i, hex(randomblob(50)) FROM n");
  writer.execute("PRAGMA cache_size = 1; BEGIN; UPDATE t SET v = 'half'");
  const auto crashed = folder.file("crashed.db");
  std::filesystem::copy_file(path, crashed);
  std::filesystem::copy_file(path + "-journal", crashed + "-journal");
  const auto error = refusal(sqlite_at(crashed));
  EXPECT_EQ(error.recourse, Recourse::ask_operator);
  EXPECT_TRUE(holds(error, "ended halfway")) << error.message;
  Writer(crashed).execute("SELECT count(*) FROM t");
  const auto session = open(sqlite_at(crashed));
  ASSERT_TRUE(session);
  EXPECT_EQ(one(*session, "SELECT count(*) FROM t WHERE v = 'half'"), "0");
}

TEST(SqliteFile, AReplacedOneIsOpenedAnew) {
  const Folder folder;
  const auto path = folder.file("a.db");
  Writer(path).execute("CREATE TABLE t (id); INSERT INTO t VALUES (1)");
  Writer(folder.file("new.db")).execute("CREATE TABLE t (id); INSERT INTO t VALUES (2)");
  auto session = open(sqlite_at(path));
  ASSERT_TRUE(session);
  ASSERT_TRUE(session->begin());
  std::filesystem::rename(folder.file("new.db"), path);
  EXPECT_EQ(one(*session, "SELECT id FROM t"), "1") << "one state until end";
  session->end();
  for (int i = 0; i < 2; ++i) {
    const auto texts = read(*session, "SELECT id FROM t");
    ASSERT_FALSE(texts) << "the file that is gone would never change again";
    EXPECT_EQ(texts.error().recourse, Recourse::reconnect);
  }
  EXPECT_FALSE(session->begin());
  EXPECT_FALSE(session->describe({.schema = {}, .name = "t"}));
  session = open(sqlite_at(path));
  ASSERT_TRUE(session);
  EXPECT_EQ(one(*session, "SELECT id FROM t"), "2");
  std::filesystem::remove(path);
  EXPECT_EQ(session->begin().error().recourse, Recourse::reconnect);
}

}  // namespace vhookd::testing
