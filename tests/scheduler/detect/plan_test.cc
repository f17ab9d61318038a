#include "scheduler/detect/plan.h"
#include "connectors/mysql/dialect.h"
#include "connectors/sql/selection_sql.h"
#include "connectors/sqlite/dialect.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "scheduler/detect/epoch.h"
#include "tests/scheduler/detect/orders.h"

namespace vhookd::testing {
namespace {

using config::Detect;
using config::Event;
using config::Op;

TEST(Plan, ColumnsAreFoundByNameAndType) {
  for (const auto* name : {"updated_at", "UpdatedAt", "modified_at", "last_modified", "LASTUPDATE", "mtime"}) {
    auto table = orders();
    table.columns[3].name = name;
    const Planned planned(webhook(), table);
    ASSERT_TRUE(planned.plan);
    EXPECT_EQ(planned.plan->selection.stamp, name);
    EXPECT_EQ(planned.plan->stamp_at, 3U);
  }
  auto table = orders();
  table.columns[3].kind = Kind::text;  // a name is not enough
  EXPECT_EQ(Planned(webhook(), table).plan->selection.stamp, "created_at");
}

TEST(Plan, TheKeyIsTheNamedOneThePrimaryOneOrAFirmUniqueOne) {
  const auto keys = [](const config::Webhook& asked, const Table& table) {
    const Planned planned(asked, table);
    std::vector<std::string> names;
    if (planned.plan)
      for (const auto& key : planned.plan->selection.key) names.push_back(key.name);
    return names;
  };
  using Names = std::vector<std::string>;
  auto table = orders();
  EXPECT_EQ(keys(webhook(), table), Names({"id"}));
  auto named = webhook();
  named.columns.edit().key = {"status", "id"};
  EXPECT_EQ(keys(named, table), Names({"status", "id"}));
  table.primary_key.clear();
  table.indexes = {{.name = "a", .columns = {"status"}, .unique = true},  // may be NULL
                   {.name = "b", .columns = {"created_at"}, .unique = false},
                   {.name = "c", .columns = {""}, .unique = true},
                   {.name = "d", .columns = {"total", "id"}, .unique = true}};
  EXPECT_EQ(keys(webhook(), table), Names({"total", "id"}));
  table.indexes.clear();
  EXPECT_EQ(keys(webhook(), table), Names());
  EXPECT_EQ(keys(webhook(DbType::sqlite), table), Names({"rowid"}));
}

TEST(Plan, RowidGoesByANameThatNoColumnHasTaken) {
  auto table = orders();
  table.primary_key.clear();
  const auto key = [&] {
    const Planned planned(webhook(DbType::sqlite), table);
    if (!planned.plan) return planned.plan.error().message;
    const auto& selection = planned.plan->selection;
    return column_sql(sqlite_dialect(), selection, selection.key[0].name) + ", " +
           selected_sql(sqlite_dialect(), selection, selection.columns.back());
  };
  EXPECT_EQ(key(), R"(rowid, rowid AS "rowid")");
  table.columns[1].name = "RowID";
  EXPECT_EQ(key(), R"(_rowid_, _rowid_ AS "_rowid_")");
  const Planned planned(webhook(DbType::sqlite), table);
  const auto stored = planned.plan->fingerprint + planned.plan->detection_columns;
  EXPECT_EQ(lost_columns(stored, *planned.plan), "") << "it is no column that was dropped";
  table.columns[2].name = "_rowid_";
  EXPECT_EQ(key(), R"(oid, oid AS "oid")");
  table.columns[3].name = "OID";
  EXPECT_NE(key().find("no primary key"), std::string::npos) << key();
}

TEST(Plan, RowidIsBesideTheRecord) {
  auto table = orders();
  table.primary_key.clear();
  const Planned planned(webhook(DbType::sqlite), table);
  EXPECT_EQ(planned.plan->selection.columns.size(), 6U);
  EXPECT_EQ(planned.plan->digested, 5U);
  EXPECT_EQ(planned.plan->delivered.size(), 5U);
  EXPECT_EQ(planned.plan->selection.key[0].position, 5U);
}

TEST(Plan, FieldsKeepTheirOrderAndColumnsTheirExpression) {
  auto table = orders();
  table.columns[2].select_as = "{}+0e0";
  table.columns[2].name = "to{}tal`";
  auto asked = webhook(DbType::mysql);
  asked.fields = {"status", "id"};
  const Planned planned(asked, table);
  EXPECT_EQ(selected_sql(mysql_dialect(), planned.plan->selection, table.columns[2].name),
            "`to{}tal```+0e0 AS `to{}tal```");
  EXPECT_EQ(planned.plan->delivered_at, (std::vector<std::size_t>{1, 0}));
  EXPECT_EQ(planned.plan->text.table, "`shop`.`orders`");
}

TEST(Plan, FiltersAreConditionsWithBoundValues) {
  const auto filter = [](Op op, std::vector<Param> values) {
    auto asked = webhook();
    asked.filters = {{.column = "status", .op = op, .values = std::move(values)}};
    const Planned planned(asked, orders());
    return planned.plan->text.filters[0] + " " + std::to_string(planned.plan->text.values.size());
  };
  const Param a{Kind::text, false, "a"};
  EXPECT_EQ(filter(Op::eq, {a}), R"("status" = ? 1)");
  EXPECT_EQ(filter(Op::ne, {a}), R"("status" <> ? 1)");
  EXPECT_EQ(filter(Op::gt, {a}), R"("status" > ? 1)");
  EXPECT_EQ(filter(Op::gte, {a}), R"("status" >= ? 1)");
  EXPECT_EQ(filter(Op::lt, {a}), R"("status" < ? 1)");
  EXPECT_EQ(filter(Op::lte, {a}), R"("status" <= ? 1)");
  EXPECT_EQ(filter(Op::like, {a}), R"("status" LIKE ? 1)");
  EXPECT_EQ(filter(Op::in, {a, a, a}), R"("status" IN (?, ?, ?) 3)");
  EXPECT_EQ(filter(Op::not_in, {a, a}), R"("status" NOT IN (?, ?) 2)");
  EXPECT_EQ(filter(Op::is_null, {{Kind::boolean, false, "t"}}), R"("status" IS NULL 0)");
  EXPECT_EQ(filter(Op::is_null, {{Kind::boolean, false, "f"}}), R"("status" IS NOT NULL 0)");
}

// 'paid' = 0 is true in MySQL, and '007' = 7.
TEST(Plan, MySqlIsAskedForATextByText) {
  const auto value = [](DbType type, Op op, const Param& param, const std::string& declared = "varchar(20)") {
    auto asked = webhook(type);
    auto table = orders();
    table.columns[1].declared = declared;
    asked.filters = {{.column = "status", .op = op, .values = {param}}};
    return Planned(asked, table).plan->text.values.at(0);
  };
  const Param zero{Kind::integer, false, "0"};
  const Param text{Kind::text, false, "0"};
  for (const auto op : {Op::eq, Op::ne, Op::in, Op::not_in}) EXPECT_EQ(value(DbType::mysql, op, zero), text);
  EXPECT_EQ(value(DbType::mariadb, Op::eq, {Kind::boolean, false, "f"}), text);
  EXPECT_EQ(value(DbType::mysql, Op::gte, zero), zero) << "a text of digits may well be compared as a number";
  EXPECT_EQ(value(DbType::mysql, Op::eq, zero, "bit(8)"), zero);
  EXPECT_EQ(value(DbType::sqlite, Op::eq, zero), zero) << "SQLite gives it the column's affinity";
}

// MariaDB would take 10:00+01:00 for 10:00.
TEST(Plan, MySqlIsAskedForATimeInUtc) {
  const auto value = [](DbType type, const std::string& text) {
    auto asked = webhook(type);
    asked.filters = {{.column = "updated_at", .op = Op::gte, .values = {{Kind::text, false, text}}}};
    return Planned(asked, orders()).plan->text.values.at(0).text;
  };
  EXPECT_EQ(value(DbType::mariadb, "2026-11-23T10:00:00.5+01:00"), "2026-11-23T09:00:00.500000");
  EXPECT_EQ(value(DbType::mysql, "2026-11-23 09:00:00Z"), "2026-11-23T09:00:00");
  EXPECT_EQ(value(DbType::mysql, "2026-11-23 09:00:00"), "2026-11-23 09:00:00");
  EXPECT_EQ(value(DbType::postgres, "2026-11-23T10:00:00+01:00"), "2026-11-23T10:00:00+01:00");
}

TEST(Plan, SqliteComparesTimesAsTimes) {
  const auto filter = [](Op op, std::vector<Param> values) {
    auto asked = webhook(DbType::sqlite);
    asked.filters = {{.column = "updated_at", .op = op, .values = std::move(values)}};
    const Planned planned(asked, orders());
    return planned.plan->text.filters[0] + " " + std::to_string(planned.plan->text.values.size());
  };
  const std::string column = R"(coalesce(strftime('%Y-%m-%d %H:%M:%f', "updated_at"), "updated_at"))";
  const std::string value = "strftime('%Y-%m-%d %H:%M:%f', ?)";
  const Param time{Kind::text, false, "2026-11-23T09:00:00Z"};
  EXPECT_EQ(filter(Op::gte, {time}), column + " >= " + value + " 1");
  EXPECT_EQ(filter(Op::in, {time, time}), column + " IN (" + value + ", " + value + ") 2");
  const Param year{Kind::text, false, "2026"};
  EXPECT_EQ(filter(Op::gte, {year}), column + " >= ? 1");
  EXPECT_EQ(filter(Op::in, {time, year}), column + " IN (" + value + ", ?) 2");
  EXPECT_EQ(filter(Op::like, {time}), R"("updated_at" LIKE ? 1)");
  EXPECT_EQ(filter(Op::gt, {{Kind::integer, false, "1764000000"}}), R"("updated_at" > ? 1)");
  EXPECT_EQ(filter(Op::is_null, {{Kind::boolean, false, "t"}}), R"("updated_at" IS NULL 0)");
}

TEST(Plan, WhatCountsAsDeletedHangsOnTheColumnsKind) {
  const auto gone = [](Kind kind) {
    auto table = orders();
    table.columns[1].kind = kind;
    auto asked = webhook(DbType::mysql, Event::deleted);
    asked.columns.edit().deleted = "status";
    return Planned(asked, table).plan->text.gone;
  };
  EXPECT_EQ(gone(Kind::boolean), "`status` IS TRUE");
  EXPECT_EQ(gone(Kind::integer), "coalesce(`status`, 0) <> 0");
  EXPECT_EQ(gone(Kind::timestamp), "`status` IS NOT NULL");
}

struct Change {
  std::string name;
  std::function<void(config::Webhook&, Table&)> made;
  bool new_epoch;
};

const std::vector<Change> changes = {
    {"table", [](config::Webhook&, Table& t) { t.name.name = "orders2"; }, true},
    {"schema", [](config::Webhook&, Table& t) { t.name.schema = "other"; }, true},
    {"event", [](config::Webhook& w, Table&) { w.event = Event::created; }, true},
    {"detect to another", [](config::Webhook& w, Table&) { w.detect = Detect::snapshot; }, true},
    {"detect to the same", [](config::Webhook& w, Table&) { w.detect = Detect::xid; }, false},
    {"key",
     [](config::Webhook& w, Table&) {
       w.columns.edit().key = {"id", "status"};
     },
     true},
    {"key as it was", [](config::Webhook& w, Table&) { w.columns.edit().key = {"id"}; }, false},
    {"fields", [](config::Webhook& w, Table&) { w.fields = {"id"}; }, true},
    {"include_created", [](config::Webhook& w, Table&) { w.include_created = false; }, true},
    {"deleted_column", [](config::Webhook& w, Table&) { w.columns.edit().deleted = "updated_at"; }, true},
    {"filter",
     [](config::Webhook& w, Table&) {
       w.filters = {{"status", Op::eq, {{Kind::text, false, "a"}}}};
     },
     true},
    {"url", [](config::Webhook& w, Table&) { w.database.edit().url = Secret("postgresql://elsewhere/"); }, false},
    {"hook_url", [](config::Webhook& w, Table&) { w.delivery.edit().hook_url = "https://x.example/"; }, false},
    {"interval", [](config::Webhook& w, Table&) { w.interval = std::chrono::hours(1); }, false},
    {"page_max_limit", [](config::Webhook& w, Table&) { w.page_max_limit = 7; }, false},
    {"include_all", [](config::Webhook& w, Table&) { w.include_all = true; }, false},
    {"checked_at", [](config::Webhook& w, Table&) { w.checked_at = Instant(); }, false},
    {"lookback", [](config::Webhook& w, Table&) { w.lookback = std::chrono::hours(1); }, false},
    {"labels",
     [](config::Webhook& w, Table&) {
       w.labels.edit().environment = "Test";
       w.labels.edit().workspace_id = "7";
     },
     false},
    {"a new column of the table", [](config::Webhook&, Table& t) { t.columns.push_back(column("more", Kind::text)); },
     false},
    {"an index", [](config::Webhook&, Table& t) { t = indexed(t, "updated_at"); }, false},
};

TEST(Plan, TheFingerprintChangesWithWhatOpensANewEpochAlone) {
  const auto plain = Planned(webhook(), orders()).plan->fingerprint;
  EXPECT_EQ(plain.size(), 32U);
  for (const auto& change : changes) {
    auto asked = webhook();
    auto table = orders();
    change.made(asked, table);
    const Planned planned(asked, table);
    ASSERT_TRUE(planned.plan) << planned.error();
    EXPECT_EQ(planned.plan->fingerprint != plain, change.new_epoch) << change.name;
  }
  auto a = webhook(DbType::mysql);
  a.columns.edit().updated = "updated_at";
  auto b = a;
  b.columns.edit().updated = "created_at";
  EXPECT_NE(Planned(a, orders()).plan->fingerprint, Planned(b, orders()).plan->fingerprint);
}

TEST(Plan, AColumnTheEpochHangsOnMustNotGoUnnoticed) {
  auto table = indexed(orders(), "updated_at");
  const Planned before(webhook(DbType::mysql), table);
  ASSERT_EQ(before.plan->strategy, Strategy::timestamp);
  const auto stored = before.plan->fingerprint + before.plan->detection_columns;
  EXPECT_TRUE(same_epoch(stored, *before.plan));
  EXPECT_EQ(lost_columns(stored, *before.plan), "");
  table.columns[3].name = "touched";
  const Planned after(webhook(DbType::mysql), table);
  EXPECT_FALSE(same_epoch(stored, *after.plan));
  const auto why = lost_columns(stored, *after.plan);
  EXPECT_TRUE(why.contains("column updated_at") && why.contains("under updated_column")) << why;
  auto told = webhook(DbType::mysql);
  told.columns.edit().updated = "touched";
  EXPECT_EQ(lost_columns(stored, *Planned(told, table).plan), "");
  told = webhook(DbType::mysql);
  told.detect = Detect::snapshot;
  EXPECT_EQ(lost_columns(stored, *Planned(told, table).plan), "");
  EXPECT_EQ(lost_columns(before.plan->fingerprint, *after.plan), "") << "what an older release stored";
}

TEST(Plan, FiltersDifferByColumnOperatorValueAndNumber) {
  std::vector<std::vector<config::Filter>> all = {
      {},
      {{"status", Op::eq, {{Kind::text, false, "a"}}}},
      {{"status", Op::ne, {{Kind::text, false, "a"}}}},
      {{"status", Op::eq, {{Kind::text, false, "b"}}}},
      {{"id", Op::eq, {{Kind::text, false, "a"}}}},
      {{"status", Op::in, {{Kind::text, false, "a"}, {Kind::text, false, "b"}}}},
      {{"status", Op::in, {{Kind::text, false, "b"}, {Kind::text, false, "a"}}}},
      {{"status", Op::eq, {{Kind::text, false, "a"}}}, {"id", Op::eq, {{Kind::text, false, "a"}}}},
  };
  std::set<std::string> prints;
  for (auto& filters : all) {
    auto asked = webhook();
    asked.filters = filters;
    const auto print = Planned(asked, orders()).plan->fingerprint;
    EXPECT_TRUE(prints.insert(print).second);
    EXPECT_EQ(print.find("status"), std::string::npos);
  }
}

}  // namespace
}  // namespace vhookd::testing
