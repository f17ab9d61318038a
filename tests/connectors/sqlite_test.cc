// What only a SQLite file can do: be missing, be replaced, be locked, be in WAL mode, be no database.
#include "connectors/sqlite/sqlite.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/connectors/sqlite_files.h"

namespace vhookd {

namespace {

using testing::Folder;
using testing::sqlite_at;
using testing::Writer;
using Texts = std::vector<std::string>;

constexpr ConnectOptions hasty{.statement_timeout = std::chrono::milliseconds(200)};  // also bounds the lock wait

std::unique_ptr<Connector> open(const config::Database& database, const ConnectOptions& options = {}) {
  auto session = connect_sqlite(database, options);
  if (session) return std::move(*session);
  ADD_FAILURE() << session.error().message;
  return nullptr;
}

Error refusal(const config::Database& database, const ConnectOptions& options = {}) {
  const auto session = connect_sqlite(database, options);
  if (!session) return session.error();
  ADD_FAILURE() << "opened " << database.display;
  return {};
}

Result<Texts> read(Connector& session, const std::string& sql) {
  Texts texts;
  const auto done = session.read({.sql = sql, .params = {}}, [&](Row row) {
    texts.emplace_back(row[0].text);
    return true;
  });
  if (!done) return std::unexpected(done.error());
  return texts;
}

// 'one answer', or what went wrong.
std::string one(Connector& session, const std::string& sql) {
  const auto texts = read(session, sql);
  if (!texts) return texts.error().message;
  return texts->size() == 1 ? (*texts)[0] : "no single row";
}

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

bool holds(const Error& error, const std::string& words) {
  return error.message.find(words) != std::string::npos;
}

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
  EXPECT_TRUE(holds(garbage, "no SQLite database")) << garbage.message;
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

TEST(SqliteLocks, AWriterThatHoldsTheFileIsWaitedFor) {
  const Folder folder;
  const auto path = folder.file("a.db");
  Writer writer(path);
  writer.execute("CREATE TABLE t (id); INSERT INTO t VALUES (1)");
  const auto session = open(sqlite_at(path), hasty);
  ASSERT_TRUE(session);
  writer.execute("BEGIN EXCLUSIVE; INSERT INTO t VALUES (2)");
  EXPECT_EQ(refusal(sqlite_at(path), hasty).recourse, Recourse::retry);
  const auto begun = session->begin();
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().recourse, Recourse::retry);
  EXPECT_TRUE(holds(begun.error(), "locked")) << begun.error().message;
  EXPECT_EQ(read(*session, "SELECT id FROM t").error().recourse, Recourse::retry);
  EXPECT_EQ(session->describe({.schema = {}, .name = "t"}).error().recourse, Recourse::retry);
  writer.execute("COMMIT");
  EXPECT_EQ(one(*session, "SELECT count(*) FROM t"), "2");
  ASSERT_TRUE(session->begin());
  session->end();
}

TEST(SqliteLocks, NoLockIsLeftBehind) {
  const Folder folder;
  const auto path = folder.file("a.db");
  Writer writer(path);
  writer.execute("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (2), (3)");
  const auto session = open(sqlite_at(path));
  ASSERT_TRUE(session);
  EXPECT_NO_THROW(writer.execute("INSERT INTO t VALUES (4)")) << "after connecting";
  ASSERT_TRUE(session->read({.sql = "SELECT id FROM t", .params = {}}, [](Row) { return false; }));
  EXPECT_NO_THROW(writer.execute("INSERT INTO t VALUES (5)")) << "after half a read";
  ASSERT_TRUE(session->describe({.schema = {}, .name = "t"}));
  ASSERT_FALSE(session->describe({.schema = {}, .name = "u"}));
  EXPECT_NO_THROW(writer.execute("INSERT INTO t VALUES (6)")) << "after describe";
  ASSERT_TRUE(session->begin());
  session->end();
  EXPECT_NO_THROW(writer.execute("INSERT INTO t VALUES (7)")) << "after end";
}

TEST(SqliteWal, AWriterGoesOnWhileRowsAreRead) {
  const Folder folder;
  const auto path = folder.file("a.db");
  Writer writer(path);
  writer.execute("PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY)");
  writer.execute(
      "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) SELECT i FROM n");
  const auto session = open(sqlite_at(path));
  ASSERT_TRUE(session);
  int rows = 0;
  const auto done = session->read({.sql = "SELECT id FROM t ORDER BY id", .params = {}}, [&](Row) {
    writer.execute("INSERT INTO t VALUES (" + std::to_string(1000 + ++rows) + ")");
    return true;
  });
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(rows, 100) << "the state the read began with";
  EXPECT_EQ(one(*session, "SELECT count(*) FROM t"), "200");
}

TEST(SqliteWal, TheViewIsTakenAtBegin) {
  const Folder folder;
  const auto path = folder.file("a.db");
  Writer writer(path);
  writer.execute("PRAGMA journal_mode = WAL; CREATE TABLE t (id)");
  const auto session = open(sqlite_at(path));
  ASSERT_TRUE(session);
  ASSERT_TRUE(session->begin());
  writer.execute("INSERT INTO t VALUES (1)");
  EXPECT_EQ(one(*session, "SELECT count(*) FROM t"), "0");
  EXPECT_FALSE(session->begin()) << "begin within begin";
  EXPECT_EQ(one(*session, "SELECT count(*) FROM t"), "0");
  session->end();
  EXPECT_EQ(one(*session, "SELECT count(*) FROM t"), "1");
}

TEST(SqliteProbe, DataVersionChangesOnlyWithOthersCommits) {
  for (const std::string mode : {"WAL", "DELETE"}) {
    SCOPED_TRACE(mode);
    const Folder folder;
    const auto path = folder.file("a.db");
    Writer writer(path);
    writer.execute("PRAGMA journal_mode = " + mode + "; CREATE TABLE t (id)");
    const auto session = open(sqlite_at(path));
    ASSERT_TRUE(session);
    const auto version = [&] { return one(*session, "PRAGMA data_version"); };
    const auto first = version();
    EXPECT_EQ(first.find_first_not_of("0123456789"), std::string::npos) << first;
    EXPECT_EQ(version(), first);
    ASSERT_TRUE(session->begin());
    EXPECT_EQ(one(*session, "SELECT count(*) FROM t"), "0");
    session->end();
    ASSERT_TRUE(session->describe({.schema = {}, .name = "t"}));
    EXPECT_EQ(version(), first) << "its own reads are no change";
    writer.execute("BEGIN; INSERT INTO t VALUES (1); ROLLBACK");
    EXPECT_EQ(version(), first) << "nor is what was rolled back";
    writer.execute("INSERT INTO t VALUES (1)");
    const auto second = version();
    EXPECT_NE(second, first);
    EXPECT_EQ(version(), second);
  }
}

TEST(SqliteValues, OneColumnOfEveryStorageClass) {
  const Folder folder;
  const auto path = folder.file("a.db");
  Writer(path).execute(
      "CREATE TABLE t (n INTEGER PRIMARY KEY, v BLOB); INSERT INTO t VALUES (1, 1), (2, 2.5), (3, 'three'), (4, "
      "x'04'), "
      "(5, NULL), (6, 6)");
  const auto session = open(sqlite_at(path));
  ASSERT_TRUE(session);
  std::vector<std::pair<Kind, std::string>> seen;
  const auto done = session->read({.sql = "SELECT v FROM t ORDER BY n", .params = {}}, [&](Row row) {
    seen.emplace_back(row[0].kind, row[0].null ? "NULL" : std::string(row[0].text));
    return true;
  });
  ASSERT_TRUE(done);
  EXPECT_EQ(seen, (std::vector<std::pair<Kind, std::string>>{{Kind::integer, "1"},
                                                             {Kind::real, "2.5"},
                                                             {Kind::text, "three"},
                                                             {Kind::binary, "\x04"},
                                                             {Kind::text, "NULL"},
                                                             {Kind::integer, "6"}}));
}

TEST(SqliteValues, ALostColumnIsNoText) {
  const Folder folder;
  const auto path = folder.file("a.db");
  Writer(path).execute("CREATE TABLE t (id); INSERT INTO t VALUES (1)");
  const auto session = open(sqlite_at(path));
  ASSERT_TRUE(session);
  const auto texts = read(*session, "SELECT \"gone\" FROM t");
  ASSERT_FALSE(texts) << "SQLite would take the name for a string";
  EXPECT_EQ(texts.error().recourse, Recourse::ask_operator);
}

TEST(SqliteValues, AnOversizedOneIsForTheOperator) {
  const Folder folder;
  const auto path = folder.file("a.db");
  Writer(path).execute("CREATE TABLE t (v); INSERT INTO t VALUES (zeroblob(100000000))");
  const auto session = open(sqlite_at(path));
  ASSERT_TRUE(session);
  const auto texts = read(*session, "SELECT v FROM t");
  ASSERT_FALSE(texts);
  EXPECT_EQ(texts.error().recourse, Recourse::ask_operator);
  EXPECT_TRUE(holds(texts.error(), "fields")) << texts.error().message;
}

TEST(SqliteReads, RefusesWhatIsNoQuery) {
  const Folder folder;
  const auto path = folder.file("a.db");
  Writer(path).execute("CREATE TABLE t (id)");
  const auto session = open(sqlite_at(path));
  ASSERT_TRUE(session);
  for (const std::string sql : {"", ";", "-- no statement", "BEGIN", "COMMIT", "SAVEPOINT a", "ATTACH ':memory:' AS x",
                                "CREATE TEMP TABLE u (id)", "INSERT INTO t VALUES (1) RETURNING id", "VACUUM",
                                "SELECT 1; SELECT 2", "PRAGMA user_version = 7"}) {
    SCOPED_TRACE(sql);
    const auto texts = read(*session, sql);
    ASSERT_FALSE(texts);
    EXPECT_EQ(texts.error().recourse, Recourse::give_up) << texts.error().message;
  }
  EXPECT_FALSE(read(*session, std::string("SELECT 1\0; DELETE FROM t", 24)));
  EXPECT_FALSE(session->read({.sql = "SELECT ?", .params = {}}, [](Row) { return true; }));
  EXPECT_FALSE(
      session->read({.sql = "SELECT ?", .params = {{.kind = Kind::hex, .text = "0g"}}}, [](Row) { return true; }));
  EXPECT_EQ(one(*session, "SELECT 1 ;\n"), "1");
}

TEST(SqliteCatalogue, TablesOfEverySort) {
  const Folder folder;
  const auto path = folder.file("a.db");
  Writer(path).execute(
      "CREATE TABLE plain (a INTEGER PRIMARY KEY, b TEXT UNIQUE, c, d INT AS (a * 2), e INT AS (a * 3) STORED);"
      "CREATE TABLE keyed (y TEXT, x INT, PRIMARY KEY (x, y)) WITHOUT ROWID;"
      "CREATE TABLE loose (k TEXT PRIMARY KEY, v);"
      "CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, v);"
      "CREATE INDEX part ON plain (c) WHERE c > 5; CREATE INDEX expr ON plain (c, lower(b));"
      "CREATE VIRTUAL TABLE words USING fts5(title, body);"
      "CREATE VIEW broken AS SELECT x FROM nowhere;"
      "INSERT INTO counted (v) VALUES (1), (2), (3); ANALYZE");
  const auto session = open(sqlite_at(path));
  ASSERT_TRUE(session);
  const auto describe = [&](const std::string& name) {
    auto table = session->describe({.schema = {}, .name = name});
    if (!table) ADD_FAILURE() << table.error().message;
    return table.value_or(Table{});
  };

  const auto list = session->tables({});
  ASSERT_TRUE(list) << list.error().message;
  Texts names;
  for (const auto& name : *list) names.push_back(name.name);
  EXPECT_EQ(names, (Texts{"broken", "counted", "keyed", "loose", "plain", "words"})) << "no insides";

  const auto plain = describe("plain");
  EXPECT_EQ(plain.name.schema, "main");
  ASSERT_EQ(plain.columns.size(), 5u) << "generated columns are columns";
  EXPECT_FALSE(plain.columns[0].nullable);
  EXPECT_EQ(plain.columns[2].declared, "");
  ASSERT_EQ(plain.indexes.size(), 3u) << "not the partial one";
  EXPECT_EQ(plain.indexes[0].name, "rowid");
  EXPECT_EQ(plain.indexes[0].columns, Texts{"a"});
  EXPECT_EQ(plain.indexes[1].name, "expr");
  EXPECT_EQ(plain.indexes[1].columns, (Texts{"c", ""}));
  EXPECT_EQ(plain.indexes[2].columns, Texts{"b"});
  EXPECT_TRUE(plain.indexes[2].unique);

  const auto keyed = describe("keyed");
  EXPECT_EQ(keyed.primary_key, (Texts{"x", "y"}));
  EXPECT_FALSE(keyed.columns.at(0).nullable);
  EXPECT_EQ(keyed.indexes.at(0).columns, (Texts{"x", "y"}));

  const auto loose = describe("loose");
  EXPECT_EQ(loose.primary_key, Texts{"k"});
  EXPECT_TRUE(loose.columns.at(0).nullable) << "SQLite lets a text key be NULL";

  EXPECT_EQ(describe("counted").estimated_rows, 3);
  EXPECT_EQ(plain.estimated_rows, -1) << "ANALYZE keeps no figure of an empty table";
  const auto words = describe("words");
  EXPECT_EQ(words.relation, Relation::table);
  ASSERT_EQ(words.columns.size(), 2u) << "as SELECT * gives them";
  const auto broken = session->describe({.schema = {}, .name = "broken"});
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().recourse, Recourse::ask_operator) << broken.error().message;
}

}  // namespace vhookd
