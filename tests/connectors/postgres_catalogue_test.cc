// What describe() and tables() say of what only PostgreSQL has.
#include <gtest/gtest.h>

#include "connectors/postgres/change_sql.h"
#include "tests/connectors/postgres_fixture.h"

namespace vhookd::testing {

TEST_P(Postgres, RelationsOfEveryKind) {
  make(R"(
    CREATE TABLE plain (id int PRIMARY KEY);
    INSERT INTO plain SELECT generate_series(1, 1000);
    CREATE TABLE parts (id int, region text, PRIMARY KEY (region, id)) PARTITION BY LIST (region);
    CREATE TABLE parts_eu PARTITION OF parts FOR VALUES IN ('eu');
    CREATE TABLE parts_us PARTITION OF parts FOR VALUES IN ('us');
    INSERT INTO parts SELECT i, CASE WHEN i % 2 = 0 THEN 'eu' ELSE 'us' END FROM generate_series(1, 300) i;
    CREATE TABLE empty_parts (id int) PARTITION BY LIST (id);
    CREATE VIEW seen AS SELECT id FROM plain;
    CREATE MATERIALIZED VIEW kept AS SELECT id FROM plain;
    CREATE TABLE fresh (id int);
    CREATE SEQUENCE no_table;
    CREATE TYPE neither AS (a int);
    ANALYZE plain; ANALYZE parts_eu; ANALYZE parts_us; ANALYZE kept)");
  EXPECT_EQ(described("plain").relation, Relation::table);
  EXPECT_EQ(described("plain").estimated_rows, 1000);
  EXPECT_EQ(described("parts").relation, Relation::partitioned_table);
  EXPECT_EQ(described("parts").estimated_rows, 300);
  EXPECT_EQ(described("parts").primary_key, (Texts{"region", "id"}));
  EXPECT_EQ(described("parts_eu").relation, Relation::table);
  EXPECT_EQ(described("empty_parts").estimated_rows, -1);
  EXPECT_EQ(described("seen").relation, Relation::view);
  EXPECT_EQ(described("seen").estimated_rows, -1);
  EXPECT_EQ(described("kept").relation, Relation::materialized_view);
  EXPECT_EQ(described("kept").estimated_rows, 1000);
  EXPECT_EQ(described("fresh").estimated_rows, -1);
  EXPECT_FALSE(session_->describe({.schema = "room", .name = "no_table"}));
  EXPECT_FALSE(session_->describe({.schema = "room", .name = "neither"}));
  const auto list = session_->tables("room");
  ASSERT_TRUE(list);
  Texts names;
  for (const auto& name : *list) names.push_back(name.name);
  EXPECT_EQ(names, (Texts{"empty_parts", "fresh", "kept", "parts", "plain", "seen"})) << "no partitions";
}

// Rows of which none can be large are asked for many at once; a value too large for its row is stored beside the table.
TEST_P(Postgres, RowsThatAreShortForSure) {
  make(R"(
    CREATE TABLE numbers (id int PRIMARY KEY);
    CREATE TABLE notes (id int PRIMARY KEY, note text);
    CREATE MATERIALIZED VIEW kept AS SELECT id FROM notes;
    CREATE VIEW seen AS SELECT id, repeat('x', 10485760) AS note FROM notes;
    CREATE TABLE heir (extra text) INHERITS (numbers);
    INSERT INTO notes VALUES (1, 'short'))");
  EXPECT_TRUE(postgres::notes_of(described("notes")).short_rows);
  EXPECT_TRUE(postgres::notes_of(described("kept")).short_rows);
  EXPECT_FALSE(postgres::notes_of(described("seen")).short_rows);
  EXPECT_FALSE(postgres::notes_of(described("numbers")).short_rows) << "its heirs' rows may be long";
  EXPECT_TRUE(postgres::notes_of(described("heir")).short_rows);
  make("ALTER TABLE notes ALTER note SET STORAGE EXTERNAL; INSERT INTO notes VALUES (2, repeat('long', 5000))");
  EXPECT_FALSE(postgres::notes_of(described("notes")).short_rows);
  EXPECT_EQ(std::to_string(postgres::notes_of(described("notes")).oid),
            server_->value("SELECT 'room.notes'::regclass::oid"));
}

TEST_P(Postgres, AForeignTable) {
  if (!server_->has_extension("postgres_fdw")) GTEST_SKIP() << "NOT TESTED: no postgres_fdw here";
  make(
      "CREATE TABLE near (id int PRIMARY KEY); INSERT INTO near VALUES (1), (2);"
      "CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '" +
      server_->port() + "', dbname '" + server_->database() +
      "');"
      "CREATE USER MAPPING FOR PUBLIC SERVER loop OPTIONS (user '" +
      server_->reader() + "', password '" + PostgresServer::password +
      "');"
      "CREATE FOREIGN TABLE far (id int NOT NULL) SERVER loop OPTIONS (schema_name 'room', table_name 'near')");
  EXPECT_EQ(described("far").relation, Relation::foreign_table);
  EXPECT_EQ(first(*session_, "SELECT id FROM room.far ORDER BY id"), (Texts{"1", "2"}));
  server_->execute("ALTER SERVER loop OPTIONS (SET port '1')");
  session_ = open(server_->as(server_->reader()));
  const auto failed = error("SELECT id FROM room.far");
  EXPECT_NE(failed.recourse, Recourse::give_up) << failed.message;
  EXPECT_FALSE(says(failed, PostgresServer::password));
  server_->execute("DROP SERVER loop CASCADE");
}

TEST_P(Postgres, ColumnsAsTheCatalogueHasThem) {
  make(
      "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, gone int, total numeric(10,2) NOT NULL,"
      " at timestamptz(3), tags text[], twice numeric GENERATED ALWAYS AS (total * 2) STORED);"
      "ALTER TABLE t DROP COLUMN gone; INSERT INTO t (total) VALUES (1.5)");
  const auto table = described("t");
  Texts declared;
  for (const auto& column : table.columns)
    declared.push_back(column.name + " " + column.declared + (column.nullable ? "" : "!"));
  EXPECT_EQ(declared, (Texts{"id bigint!", "total numeric(10,2)!", "at timestamp(3) with time zone", "tags text[]",
                             "twice numeric"}));
  EXPECT_EQ(table.columns[3].kind, Kind::array);
  EXPECT_EQ(table.columns[3].element, Kind::text);
  EXPECT_EQ(first(*session_, "SELECT twice FROM room.t"), Texts{"3.00"});
}

TEST_P(Postgres, ANotNullThatIsNotYetValidPromisesNothing) {
  if (server_->version() < 18) GTEST_SKIP() << "PostgreSQL 18 brought it";
  make(
      "CREATE TABLE t (a int, b int NOT NULL); INSERT INTO t VALUES (NULL, 1); ALTER TABLE t ADD CONSTRAINT n NOT NULL "
      "a NOT VALID");
  EXPECT_TRUE(described("t").columns.at(0).nullable);
  EXPECT_FALSE(described("t").columns.at(1).nullable);
}

TEST_P(Postgres, OnlyIndexesThatServeEveryQuery) {
  make(R"(
    CREATE TABLE t (id int PRIMARY KEY, a int, b text, c int, p point);
    CREATE INDEX a_b ON t (a, b DESC) INCLUDE (c);
    CREATE UNIQUE INDEX lowered ON t (lower(b), a);
    CREATE INDEX partial ON t (c) WHERE c > 0;
    CREATE INDEX hashed ON t USING hash (c);
    CREATE INDEX spatial ON t USING gist (p);
    INSERT INTO t VALUES (1, 1), (2, 1))");
  EXPECT_THROW(server_->execute("CREATE UNIQUE INDEX CONCURRENTLY broken ON room.t (a)"), std::exception);
  Texts found;
  for (const auto& index : described("t").indexes) {
    std::string line = index.name + (index.unique ? " unique" : "");
    for (const auto& column : index.columns) line += "|" + column;
    found.push_back(line);
  }
  EXPECT_EQ(found, (Texts{"t_pkey unique|id", "a_b|a|b", "lowered unique||a"}));
}

TEST_P(Postgres, TheGrantItNamesIsTheOneThatHelps) {
  const auto role = server_->make_role("stranger");
  server_->execute("CREATE SCHEMA IF NOT EXISTS room; CREATE TABLE room.\"The \"\"Orders\" (id int, secret text)");
  session_ = open(server_->as(role));
  const TableName name{.schema = "room", .name = "The \"Orders"};
  const auto before = session_->describe(name);
  ASSERT_FALSE(before);
  EXPECT_EQ(before.error().recourse, Recourse::ask_operator);
  EXPECT_TRUE(says(before.error(), "GRANT USAGE ON SCHEMA \"room\" TO \"" + role + "\"")) << before.error().message;
  const auto run = before.error().message.find("run: ");
  ASSERT_NE(run, std::string::npos) << before.error().message;
  server_->execute(before.error().message.substr(run + 5));
  EXPECT_TRUE(session_->describe(name));
  EXPECT_EQ(session_->tables("room")->size(), 1u);
}

TEST_P(Postgres, ColumnsTheRoleMayNotReadAreLeftOut) {
  const auto role = make_role("partial");
  server_->execute(
      "CREATE TABLE room.people (id int PRIMARY KEY, name text, ssn text); GRANT SELECT (id, name) ON room.people TO " +
      role);
  session_ = open(server_->as(role));
  const auto table = described("people");
  ASSERT_EQ(table.columns.size(), 2u);
  EXPECT_EQ(table.columns[1].name, "name");
  EXPECT_EQ(session_->tables("room")->size(), 1u);
  const auto denied = error("SELECT ssn FROM room.people");
  EXPECT_EQ(denied.recourse, Recourse::ask_operator) << denied.message;
}

TEST_P(Postgres, ARoleThatMayWriteIsKnown) {
  make("CREATE TABLE t (id int PRIMARY KEY, v text)");
  EXPECT_FALSE(described("t").may_write);
  for (const std::string right : {"INSERT", "UPDATE", "DELETE", "TRUNCATE", "UPDATE (v)"}) {
    server_->execute("GRANT " + right + " ON room.t TO " + server_->reader());
    EXPECT_TRUE(described("t").may_write) << right;
    server_->execute("REVOKE " + right + " ON room.t FROM " + server_->reader());
  }
  server_->execute("GRANT ALL ON room.t TO " + server_->reader());
  for (const std::string sql : {"INSERT INTO room.t VALUES (1)", "SELECT nextval('room.s')",
                                "WITH x AS (INSERT INTO room.t VALUES (1) RETURNING id) SELECT id FROM x",
                                "SELECT set_config('transaction_read_only', 'off', false)"})
    error(sql);
  EXPECT_EQ(server_->value("SELECT count(*) FROM room.t"), "0");
  config::Database superuser = server_->as(server_->reader());
  superuser.url = Secret("host=127.0.0.1 port=" + server_->port() + " user=postgres dbname=" + server_->database());
  session_ = open(superuser);
  EXPECT_TRUE(described("t").may_write);
}

TEST_P(Postgres, AnOverlongNameIsNotCutToOneThatIs) {
  const std::string longest(63, 'n');
  make("CREATE TABLE " + longest + " (id int)");
  EXPECT_EQ(described(longest).name.name, longest);
  EXPECT_FALSE(session_->describe({.schema = "room", .name = longest + "n"}));
}

TEST_P(Postgres, WhatIsMissingIsLookedForElsewhere) {
  make("CREATE TABLE orders (id int)");
  server_->execute("CREATE SCHEMA IF NOT EXISTS annexe; CREATE TABLE IF NOT EXISTS annexe.invoices (id int)");
  const auto other = session_->describe({.schema = "room", .name = "invoices"});
  EXPECT_TRUE(says(other.error(), "schema annexe")) << other.error().message;
  const auto by_default = session_->describe({.schema = {}, .name = "orders"});
  EXPECT_TRUE(says(by_default.error(), "schema \"public\"")) << by_default.error().message;
  EXPECT_TRUE(says(by_default.error(), "is in schema room")) << by_default.error().message;
  const auto schema = session_->describe({.schema = "romo", .name = "orders"});
  EXPECT_EQ(schema.error().recourse, Recourse::ask_operator);
  EXPECT_TRUE(says(schema.error(), "no schema \"romo\"; the nearest: room")) << schema.error().message;
  const auto list = session_->tables("romo");
  ASSERT_FALSE(list);
  EXPECT_TRUE(says(list.error(), "the nearest: room")) << list.error().message;
  server_->execute("DROP SCHEMA annexe CASCADE");
  const auto role = make_role("pathless");
  server_->execute("ALTER ROLE " + role + " SET search_path = nowhere");
  session_ = open(server_->as(role));
  const auto nowhere = session_->describe({.schema = {}, .name = "orders"});
  EXPECT_TRUE(says(nowhere.error(), "search_path")) << nowhere.error().message;
  EXPECT_TRUE(session_->describe({.schema = "room", .name = "orders"}).error().message.find("GRANT SELECT") !=
              std::string::npos);
}

}  // namespace vhookd::testing
