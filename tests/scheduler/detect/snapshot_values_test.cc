// The snapshot strategy and the values it meets: keys of every kind, tables without one, cells that change their type.
#include "core/key.h"
#include "scheduler/detect/snapshot/snapshot_method.h"
#include "tests/scheduler/detect/snapshot_case.h"

namespace vhookd::testing {
namespace {

TEST_F(SnapshotPollCase, KeysOfEveryKindComeInTheOrderOfTheKnownRows) {
  items.execute(
      "CREATE TABLE odd (k TEXT COLLATE NOCASE, d DECIMAL(20,2), n BLOB, PRIMARY KEY (k, d, n)) WITHOUT ROWID");
  items.execute(
      "INSERT INTO odd VALUES ('b', 10, x'00ff'), ('B', 9, x'00'), ('a', 9.5, x''), ('', -3, x'0001'), "
      "('ä', 100, x'01'), ('A', 10, x'ff'), ('a', 9, 'text')");
  Table table = items.describe();
  table.name.name = "odd";
  table.columns = {column("k", Kind::text), column("d", Kind::decimal), column("n", Kind::binary)};
  table.primary_key = {"k", "d", "n"};
  conductor.table = table;
  watch(Event::deleted);
  poll();
  EXPECT_EQ(conductor.known.size(), 7U);
  items.execute("DELETE FROM odd");
  poll();
  EXPECT_EQ(conductor.received.size(), 7U);
  EXPECT_EQ(conductor.with("k", "b").at(0).record.dump(), R"({"d":"10","k":"b","n":"AP8="})");
}

TEST_F(SnapshotPollCase, DecimalKeysAreComparedAsTheyAreKept) {
  items.execute("CREATE TABLE priced (d DECIMAL(20,2) PRIMARY KEY)");
  items.execute("INSERT INTO priced VALUES (9), (10), (100), (9.5), (-1)");
  conductor.table.name.name = "priced";
  conductor.table.columns = {column("d", Kind::decimal)};
  conductor.table.primary_key = {"d"};
  watch(Event::deleted);
  poll();
  items.execute("DELETE FROM priced WHERE d = 10");
  poll();
  EXPECT_EQ(records(), nlohmann::json::parse(R"([{"d":"10"}])"));
}

TEST_F(SnapshotPollCase, ATableWithoutKeyGoesByRowid) {
  items.execute("CREATE TABLE bare (v)");
  items.execute("INSERT INTO bare VALUES ('x'), ('y')");
  conductor.table.name.name = "bare";
  conductor.table.columns = {column("v", Kind::text, true)};
  conductor.table.primary_key.clear();
  conductor.table.indexes.clear();
  watch(Event::deleted);
  poll();
  items.execute("DELETE FROM bare WHERE v = 'y'");
  poll();
  EXPECT_EQ(records(), nlohmann::json::parse(R"([{"rowid":2}])"));
}

TEST_F(SnapshotPollCase, AColumnCalledRowidIsNotTakenForTheRowid) {
  items.execute("CREATE TABLE bare (rowid TEXT, v)");
  items.execute("INSERT INTO bare VALUES ('same', 1), ('same', 2), (NULL, 3)");
  conductor.table.name.name = "bare";
  conductor.table.columns = {column("rowid", Kind::text, true), column("v", Kind::text, true)};
  conductor.table.primary_key.clear();
  conductor.table.indexes.clear();
  watch(Event::deleted);
  poll();
  items.execute("DELETE FROM bare WHERE v > 1");
  poll();
  EXPECT_EQ(records(), nlohmann::json::parse(R"([{"_rowid_":2},{"_rowid_":3}])"));
}

TEST_F(SnapshotPollCase, AnotherTypeOfTheSameTextIsAChange) {
  items.execute("CREATE TABLE loose (id INTEGER PRIMARY KEY, v)");
  items.execute("INSERT INTO loose VALUES (1, 5)");
  conductor.table.name.name = "loose";
  conductor.table.columns = {column("id", Kind::integer), column("v", Kind::text, true)};
  conductor.table.primary_key = {"id"};
  watch(Event::updated);
  poll();
  items.execute("UPDATE loose SET v = '5'");
  poll();
  items.execute("UPDATE loose SET v = x'35'");
  poll();
  EXPECT_EQ(records(), nlohmann::json::parse(R"([{"id":1,"v":"5"},{"id":1,"v":"NQ=="}])"));
}

// PostgreSQL's ALTER TABLE … ALTER id TYPE bytea: what is known of the rows still has the keys they had as text.
TEST(SnapshotPollKeys, OneNotedAsTextBeforeItsColumnWasBytesIsToldAsItWas) {
  for (const std::string text : {"", "a", "abc", "\\x", "\\x61"}) {
    Table table;
    table.name = {"public", "items"};
    table.columns = {column("id", Kind::hex)};
    table.primary_key = {"id"};
    Conductor conductor(a_webhook(DbType::postgres, Event::deleted), table);
    std::string key;
    ASSERT_TRUE(append_key(key, {.kind = Kind::text, .text = text}));
    conductor.known[key] = {.key = key, .digest = "d", .mark = 0, .matched = true};
    conductor.checkpoint = R"({"strategy":"snapshot"})";
    Answers empty{.read = [](const Query&, const OnRow&) { return Result<void>(); }};
    ASSERT_EQ(conductor.poll(empty), Went::whole) << conductor.error;
    ASSERT_EQ(conductor.received.size(), 1U);
    const bool as_bytes = text.starts_with("\\x");
    EXPECT_EQ(conductor.received[0].record["id"], !as_bytes ? text : text.size() > 2 ? "YQ==" : "") << text;
  }
}

}  // namespace
}  // namespace vhookd::testing
