// What only SQLite does: locks on the file, WAL mode, data_version, cells of any storage class.
#include <gtest/gtest.h>

#include "tests/connectors/sqlite_files.h"

namespace vhookd::testing {

namespace {

constexpr ConnectOptions hasty{.statement_timeout = std::chrono::milliseconds(500)};  // also bounds the lock wait

}  // namespace

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

TEST(SqliteValues, ComeAsUtf8FromAnyEncoding) {
  const Folder folder;
  const auto path = folder.file("a.db");
  Writer(path).execute("PRAGMA encoding = 'UTF-16le'; CREATE TABLE \"té\" (\"ü\"); INSERT INTO \"té\" VALUES ('☃😀')");
  const auto session = open(sqlite_at(path));
  ASSERT_TRUE(session);
  const auto table = session->describe({.schema = {}, .name = "té"});
  ASSERT_TRUE(table);
  EXPECT_EQ(table->columns.at(0).name, "ü");
  EXPECT_EQ(one(*session, "SELECT \"ü\" FROM \"té\""), "☃😀");
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

class SqliteCatalogue : public ::testing::Test {
 protected:
  SqliteCatalogue() {
    Writer(folder_.file("a.db"))
        .execute(
            "CREATE TABLE plain (a INTEGER PRIMARY KEY, b TEXT UNIQUE, c, d INT AS (a * 2), e INT AS (a * 3) STORED);"
            "CREATE TABLE keyed (y TEXT, x INT, PRIMARY KEY (x, y)) WITHOUT ROWID;"
            "CREATE TABLE loose (k TEXT PRIMARY KEY, v);"
            "CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, v);"
            "CREATE INDEX part ON plain (c) WHERE c > 5; CREATE INDEX expr ON plain (c, lower(b));"
            "CREATE VIRTUAL TABLE words USING fts5(title, body);"
            "CREATE VIEW broken AS SELECT x FROM nowhere;"
            "INSERT INTO counted (v) VALUES (1), (2), (3); ANALYZE");
    session_ = open(sqlite_at(folder_.file("a.db")));
  }

  Table described(const std::string& name) {
    auto table = session_->describe({.schema = {}, .name = name});
    if (!table) ADD_FAILURE() << table.error().message;
    return table.value_or(Table{});
  }

  Folder folder_;
  std::unique_ptr<SqlSession> session_;
};

TEST_F(SqliteCatalogue, ListsNoInsides) {
  const auto list = session_->tables({});
  ASSERT_TRUE(list) << list.error().message;
  Texts names;
  for (const auto& name : *list) names.push_back(name.name);
  EXPECT_EQ(names, (Texts{"broken", "counted", "keyed", "loose", "plain", "words"}));
}

TEST_F(SqliteCatalogue, ColumnsAndIndexes) {
  const auto plain = described("plain");
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
  EXPECT_EQ(plain.estimated_rows, -1) << "ANALYZE keeps no figure of an empty table";
  EXPECT_EQ(described("counted").estimated_rows, 3);
}

TEST_F(SqliteCatalogue, Keys) {
  const auto keyed = described("keyed");
  EXPECT_EQ(keyed.primary_key, (Texts{"x", "y"}));
  EXPECT_FALSE(keyed.columns.at(0).nullable);
  EXPECT_EQ(keyed.indexes.at(0).columns, (Texts{"x", "y"}));
  const auto loose = described("loose");
  EXPECT_EQ(loose.primary_key, Texts{"k"});
  EXPECT_TRUE(loose.columns.at(0).nullable) << "SQLite lets a text key be NULL";
}

TEST_F(SqliteCatalogue, VirtualTablesAndBrokenViews) {
  const auto words = described("words");
  EXPECT_EQ(words.relation, Relation::table);
  ASSERT_EQ(words.columns.size(), 2u) << "as SELECT * gives them";
  const auto broken = session_->describe({.schema = {}, .name = "broken"});
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().recourse, Recourse::ask_operator) << broken.error().message;
}

}  // namespace vhookd::testing
