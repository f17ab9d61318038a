// In which order a poll by timestamp reads a table it reads whole, and that a sweep keeps the one it began in.
#include <gtest/gtest.h>

#include <array>

#include "tests/scheduler/detect/sqlite_items.h"

namespace vhookd::testing {
namespace {

using std::chrono::seconds;
using Versions = std::vector<std::int64_t>;

// Rows whose times run against their keys, one of them without, and a webhook that first sends all of them.
class SweepOrderTest : public ::testing::Test {
 protected:
  SweepOrderTest() : items(Times::sql_micros), conductor(webhook(), items.describe(), 1) {
    for (int id = 1; id <= 6; ++id) put(id, id, id == 4 ? "NULL" : items.stamp(items.now - seconds(100 * id)));
  }
  static config::Webhook webhook() {
    auto made = a_webhook(DbType::sqlite, config::Event::updated);
    made.detect = config::Detect::timestamp;
    made.lookback = seconds(5);
    made.include_all = true;
    return made;
  }
  void put(std::int64_t id, std::int64_t version, const std::string& stamp) {
    items.put(id, {.version = version}, stamp, stamp);
  }
  Went poll(Death death = {}) {
    auto source = items.source();
    return conductor.poll(source, death);
  }
  Versions versions() const {
    Versions found;
    for (const auto& one : conductor.received) found.push_back(one.record.at("version"));
    return found;
  }
  void vouch(bool firm) {
    conductor.webhook.columns.edit().key = {"id"};
    conductor.table.primary_key = firm ? std::vector<std::string>{"id"} : std::vector<std::string>();
    if (!firm) std::erase_if(conductor.table.indexes, [](const Index& index) { return index.unique; });
  }
  bool asked(std::string_view words) const { return conductor.asked.back().contains(words); }

  SqliteItems items;
  Conductor conductor;
};

TEST_F(SweepOrderTest, AWholeTableIsReadInTheOrderOfItsKey) {
  EXPECT_EQ(poll(), Went::whole) << conductor.error;
  EXPECT_EQ(versions(), Versions({1, 2, 3, 4, 5, 6}));
  EXPECT_TRUE(asked(R"(ORDER BY "id")")) << conductor.asked.back();
  EXPECT_EQ(conductor.asked.size(), 2U) << "its rows without a time are not asked for on their own";
  put(6, 7, items.stamp(items.now));
  EXPECT_EQ(poll(), Went::whole) << conductor.error;
  EXPECT_TRUE(asked(R"(ORDER BY "updated_at", "id")")) << conductor.asked.back();
  EXPECT_EQ(versions().back(), 7);
}

TEST_F(SweepOrderTest, ASweepByKeyGoesOnBehindTheLastKey) {
  EXPECT_EQ(poll({.parts = 2}), Went::cut);
  const auto before = versions();
  put(1, 7, items.stamp(items.now));  // passed already: the next poll's
  put(6, 8, items.stamp(items.now));
  vouch(false);
  EXPECT_EQ(poll(), Went::whole) << conductor.error;
  EXPECT_TRUE(asked(R"("id" > ?)") && asked(R"(ORDER BY "id")")) << conductor.asked.back();
  EXPECT_EQ(poll(), Went::whole) << conductor.error;
  EXPECT_EQ(before, Versions({1, 2}));
  EXPECT_EQ(versions(), Versions({1, 2, 3, 4, 5, 8, 7}));
}

TEST_F(SweepOrderTest, ASweepByTimeGoesOnByTime) {
  vouch(false);
  EXPECT_EQ(poll({.parts = 3}), Went::cut);
  EXPECT_EQ(versions(), Versions({4, 6, 5}));
  vouch(true);
  EXPECT_EQ(poll(), Went::whole) << conductor.error;
  EXPECT_TRUE(asked(R"(ORDER BY "updated_at", "id")")) << conductor.asked.back();
  EXPECT_EQ(versions(), Versions({4, 6, 5, 3, 2, 1}));
}

TEST_F(SweepOrderTest, APartOfATableIsReadByTime) {
  conductor.webhook.include_all = false;
  EXPECT_EQ(poll(), Went::whole) << conductor.error;
  EXPECT_TRUE(asked(R"(ORDER BY "updated_at", "id")")) << conductor.asked.back();
}

// The scan of a first poll at MySQL over a table whose key is this column.
std::string first_scan(const Column& key) {
  auto webhook = a_webhook(DbType::mysql, config::Event::updated);
  webhook.detect = config::Detect::timestamp;
  webhook.include_all = true;
  Table table;
  table.name = {"shop", "items"};
  table.columns = {key, column("updated_at", Kind::timestamptz)};
  table.primary_key = {key.name};
  Conductor conductor(webhook, table);
  conductor.part_bytes = 1 << 20;
  Answers empty{.read = [](const Query& query, const OnRow& on_row) {
    const std::array<Value, 2> row = {Value{.kind = Kind::timestamptz, .text = "2026-11-23 12:00:00.000000"},
                                      Value{.kind = Kind::timestamptz, .text = "2026-11-23 11:00:00.000000"}};
    if (query.sql.starts_with("SELECT now(6)")) on_row(row);
    return Result<void>();
  }};
  EXPECT_EQ(conductor.poll(empty), Went::whole) << conductor.error;
  return conductor.asked.back();
}

TEST(SweepOrder, AtMysqlOnlyKeysThatAreComparedAsTheyAreOrdered) {
  struct Case {
    std::string declared;
    Kind kind;
    std::string select_as;
    bool by_key;
  };
  for (const auto& [declared, kind, select_as, by_key] :
       {Case{"bigint(20)", Kind::integer, "", true}, Case{"varchar(36)", Kind::text, "", true},
        Case{"char(36)", Kind::text, "", true}, Case{"binary(16)", Kind::binary, "", true},
        Case{"enum('b','a')", Kind::text, "", false}, Case{"set('b','a')", Kind::text, "", false},
        Case{"decimal(30,2)", Kind::decimal, "", false}, Case{"bit(8)", Kind::text, "LPAD(BIN({}),8,'0')", false}}) {
    auto key = column("k", kind);
    key.declared = declared;
    key.select_as = select_as;
    const auto sql = first_scan(key);
    EXPECT_TRUE(sql.ends_with(by_key ? "ORDER BY `k`" : "ORDER BY `updated_at`, `k`")) << declared << ": " << sql;
  }
}

}  // namespace
}  // namespace vhookd::testing
