#include "scheduler/plan.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "tests/scheduler/conductor.h"

namespace vhookd::testing {
namespace {

using config::Detect;
using config::Event;
using config::Op;

// orders: id, status, total, updated_at, created_at; key id, nothing else indexed.
Table orders() {
  Table table;
  table.name = {"shop", "orders"};
  table.columns = {column("id", Kind::integer), column("status", Kind::text, true), column("total", Kind::decimal),
                   column("updated_at", Kind::timestamp, true), column("created_at", Kind::timestamp)};
  for (auto& one : table.columns) one.declared = "its type";
  table.primary_key = {"id"};
  return table;
}

Table indexed(Table table, const std::string& name) {
  table.indexes.push_back({.name = "by_" + name, .columns = {name, "id"}, .unique = false});
  return table;
}

config::Webhook webhook(DbType type = DbType::postgres, Event event = Event::updated) {
  auto made = a_webhook(type, event);
  made.object_type = "orders";
  return made;
}

// The plan of a webhook and table that stay where they are.
struct Planned {
  Planned(config::Webhook w, Table t, std::optional<Strategy> before = {})
      : webhook(std::move(w)), table(std::move(t)), plan(make_plan(webhook, table, before)) {}
  std::string error() const { return plan ? "" : plan.error().message; }
  config::Webhook webhook;
  Table table;
  Result<Plan> plan;
};

struct Choice {
  std::string name;
  DbType type;
  Event event;
  std::function<void(config::Webhook&, Table&)> given;
  std::optional<Strategy> before;
  Strategy expected;
};

void PrintTo(const Choice& one, std::ostream* out) {
  *out << one.name;
}

const auto nothing = [](config::Webhook&, Table&) {};
const auto index_updated = [](config::Webhook&, Table& t) { t = indexed(t, "updated_at"); };
const auto index_created = [](config::Webhook&, Table& t) { t = indexed(t, "created_at"); };

const std::vector<Choice> choices = {
    {"table", DbType::postgres, Event::updated, nothing, {}, Strategy::xid},
    {"supabase", DbType::supabase, Event::created, nothing, {}, Strategy::xid},
    {"indexed, but xid is exact", DbType::postgres, Event::updated, index_updated, {}, Strategy::xid},
    {"deleted", DbType::postgres, Event::deleted, index_updated, {}, Strategy::snapshot},
    {"view",
     DbType::postgres,
     Event::updated,
     [](config::Webhook& w, Table& t) {
       t.relation = Relation::view;
       w.key = {"id"};
     },
     {},
     Strategy::snapshot},
    {"view with a named column",
     DbType::postgres,
     Event::updated,
     [](config::Webhook& w, Table& t) {
       t.relation = Relation::view;
       w.updated_column = "updated_at";
     },
     {},
     Strategy::timestamp},
    {"partitioned",
     DbType::postgres,
     Event::updated,
     [](config::Webhook&, Table& t) {
       t = indexed(t, "updated_at");
       t.relation = Relation::partitioned_table;
     },
     {},
     Strategy::timestamp},
    {"no key",
     DbType::postgres,
     Event::updated,
     [](config::Webhook&, Table& t) { t.primary_key.clear(); },
     {},
     Strategy::xid},
    {"neither indexed nor touched", DbType::mysql, Event::updated, nothing, {}, Strategy::snapshot},
    {"indexed", DbType::mysql, Event::updated, index_updated, {}, Strategy::timestamp},
    {"second in an index",
     DbType::mysql,
     Event::updated,
     [](config::Webhook&, Table& t) {
       t.indexes = {{.name = "i", .columns = {"status", "updated_at"}}};
     },
     {},
     Strategy::snapshot},
    {"touched",
     DbType::mariadb,
     Event::updated,
     [](config::Webhook&, Table& t) { t.columns[3].touched_on_update = true; },
     {},
     Strategy::timestamp},
    {"named",
     DbType::mariadb,
     Event::updated,
     [](config::Webhook& w, Table&) { w.updated_column = "created_at"; },
     {},
     Strategy::timestamp},
    {"created needs created_at", DbType::mysql, Event::created, index_updated, {}, Strategy::snapshot},
    {"created", DbType::mysql, Event::created, index_created, {}, Strategy::timestamp},
    {"changed only",
     DbType::mysql,
     Event::updated,
     [](config::Webhook& w, Table& t) {
       t = indexed(t, "updated_at");
       w.include_created = false;
     },
     {},
     Strategy::snapshot},
    {"deleted", DbType::mysql, Event::deleted, index_updated, {}, Strategy::snapshot},
    {"sqlite", DbType::sqlite, Event::updated, nothing, {}, Strategy::snapshot},
    {"sqlite indexed", DbType::sqlite, Event::updated, index_updated, {}, Strategy::timestamp},
    {"sqlite text times",
     DbType::sqlite,
     Event::updated,
     [](config::Webhook&, Table& t) {
       t = indexed(t, "updated_at");
       t.columns[3].kind = Kind::text;
     },
     {},
     Strategy::timestamp},
    {"text is no time elsewhere",
     DbType::mysql,
     Event::updated,
     [](config::Webhook&, Table& t) {
       t = indexed(t, "updated_at");
       t.columns[3].kind = Kind::text;
     },
     {},
     Strategy::snapshot},
    {"asked for snapshot", DbType::postgres, Event::updated,
     [](config::Webhook& w, Table&) { w.detect = Detect::snapshot; }, Strategy::xid, Strategy::snapshot},
    {"asked for timestamp",
     DbType::postgres,
     Event::updated,
     [](config::Webhook& w, Table&) { w.detect = Detect::timestamp; },
     {},
     Strategy::timestamp},
    {"asked for xid", DbType::postgres, Event::created, [](config::Webhook& w, Table&) { w.detect = Detect::xid; },
     Strategy::snapshot, Strategy::xid},
    {"kept snapshot", DbType::mysql, Event::updated, index_updated, Strategy::snapshot, Strategy::snapshot},
    {"kept timestamp", DbType::mysql, Event::updated, nothing, Strategy::timestamp, Strategy::timestamp},
    {"kept xid", DbType::postgres, Event::updated, nothing, Strategy::xid, Strategy::xid},
    {"kept timestamp on a table", DbType::postgres, Event::updated, nothing, Strategy::timestamp, Strategy::timestamp},
    {"timestamp can't be kept for deleted", DbType::mysql, Event::deleted, nothing, Strategy::timestamp,
     Strategy::snapshot},
    {"xid can't be kept for a view", DbType::postgres, Event::updated,
     [](config::Webhook&, Table& t) { t.relation = Relation::view; }, Strategy::xid, Strategy::snapshot},
};

class Choices : public ::testing::TestWithParam<Choice> {};

TEST_P(Choices, AsTheTableSays) {
  const auto& one = GetParam();
  auto asked = webhook(one.type, one.event);
  auto table = orders();
  one.given(asked, table);
  const Planned planned(asked, table, one.before);
  ASSERT_TRUE(planned.plan) << planned.error();
  EXPECT_EQ(name_of(planned.plan->strategy), name_of(one.expected)) << planned.plan->reason;
  EXPECT_FALSE(planned.plan->reason.empty());
}

INSTANTIATE_TEST_SUITE_P(Strategies, Choices, ::testing::ValuesIn(choices));

struct Misfit {
  std::string name;
  std::function<void(config::Webhook&, Table&)> given;
  std::vector<std::string> words;  // of the error
};

void PrintTo(const Misfit& one, std::ostream* out) {
  *out << one.name;
}

const std::vector<Misfit> misfits = {
    {"fields",
     [](config::Webhook& w, Table&) {
       w.fields = {"id", "statsu"};
     },
     {"fields", "statsu", "shop.orders", "id, status, total"}},
    {"filters",
     [](config::Webhook& w, Table&) { w.filters = {{.column = "Status", .op = Op::eq, .values = {{}}}}; },
     {"filters", "Status", "id, status"}},
    {"key", [](config::Webhook& w, Table&) { w.key = {"nr"}; }, {"key", "nr", "id, status"}},
    {"key of a float",
     [](config::Webhook& w, Table& t) {
       w.key = {"total"};
       t.columns[2].kind = Kind::real;
     },
     {"key", "total", "floating point", "name other columns"}},
    {"updated_column",
     [](config::Webhook& w, Table&) { w.updated_column = "changed"; },
     {"updated_column", "changed", "id, status"}},
    {"updated_column of text",
     [](config::Webhook& w, Table&) { w.updated_column = "status"; },
     {"updated_column", "status", "its type", "detect: snapshot"}},
    {"created_column", [](config::Webhook& w, Table&) { w.created_column = "born"; }, {"created_column", "born"}},
    {"created_column of text",
     [](config::Webhook& w, Table&) { w.created_column = "status"; },
     {"created_column", "status"}},
    {"deleted_column",
     [](config::Webhook& w, Table&) { w.deleted_column = "gone"; },
     {"deleted_column", "gone", "id, status"}},
    {"xid in MySQL",
     [](config::Webhook& w, Table&) {
       w.detect = Detect::xid;
       w.database.type = DbType::mysql;
     },
     {"detect: xid", "another database", "detect: auto"}},
    {"xid of deleted",
     [](config::Webhook& w, Table&) {
       w.detect = Detect::xid;
       w.event = Event::deleted;
     },
     {"detect: xid", "deleted rows"}},
    {"xid of a view",
     [](config::Webhook& w, Table& t) {
       w.detect = Detect::xid;
       t.relation = Relation::view;
     },
     {"detect: xid", "no plain table"}},
    {"timestamp of deleted",
     [](config::Webhook& w, Table&) {
       w.detect = Detect::timestamp;
       w.event = Event::deleted;
     },
     {"detect: timestamp", "detect: snapshot"}},
    {"timestamp without column",
     [](config::Webhook& w, Table& t) {
       w.detect = Detect::timestamp;
       t.columns[3].name = "x";
     },
     {"updated_column", "shop.orders", "id, status"}},
    {"timestamp of created",
     [](config::Webhook& w, Table& t) {
       w.detect = Detect::timestamp;
       w.event = Event::created;
       t.columns[4].name = "x";
     },
     {"created_column"}},
    {"changed only by timestamp",
     [](config::Webhook& w, Table& t) {
       w.detect = Detect::timestamp;
       w.include_created = false;
       t.columns[4].name = "x";
     },
     {"include_created", "created_column"}},
    {"snapshot without key",
     [](config::Webhook& w, Table& t) {
       w.detect = Detect::snapshot;
       t.primary_key.clear();
     },
     {"no primary key", "under key"}},
    {"created without key",
     [](config::Webhook& w, Table& t) {
       w.event = Event::created;
       t.primary_key.clear();
     },
     {"no primary key", "under key"}},
    {"checked_at without times",
     [](config::Webhook& w, Table& t) {
       w.checked_at = Instant();
       t.columns[3].name = "x";
       t.columns[4].name = "y";
     },
     {"checked_at", "updated_column"}},
};

class Misfits : public ::testing::TestWithParam<Misfit> {};

TEST_P(Misfits, NameTheColumnAndTheMend) {
  auto asked = webhook();
  auto table = orders();
  GetParam().given(asked, table);
  const Planned planned(asked, table);
  ASSERT_FALSE(planned.plan);
  EXPECT_EQ(planned.plan.error().recourse, Recourse::ask_operator);
  EXPECT_EQ(planned.error().find("hook: "), 0U) << planned.error();
  for (const auto& word : GetParam().words)
    EXPECT_NE(planned.error().find(word), std::string::npos) << word << " in: " << planned.error();
}

INSTANTIATE_TEST_SUITE_P(Errors, Misfits, ::testing::ValuesIn(misfits));

TEST(Plan, ColumnsAreFoundByNameAndType) {
  for (const auto* name : {"updated_at", "UpdatedAt", "modified_at", "last_modified", "LASTUPDATE", "mtime"}) {
    auto table = orders();
    table.columns[3].name = name;
    const Planned planned(webhook(), table);
    ASSERT_TRUE(planned.plan);
    EXPECT_EQ(planned.plan->stamp, name);
    EXPECT_EQ(planned.plan->stamp_at, 3U);
  }
  auto table = orders();
  table.columns[3].kind = Kind::text;  // a name is not enough
  EXPECT_EQ(Planned(webhook(), table).plan->stamp, "created_at");
}

TEST(Plan, TheKeyIsTheNamedOneThePrimaryOneOrAFirmUniqueOne) {
  const auto keys = [](const config::Webhook& asked, const Table& table) {
    const Planned planned(asked, table);
    std::vector<std::string> names;
    if (planned.plan)
      for (const auto& key : planned.plan->key) names.push_back(key.name);
    return names;
  };
  using Names = std::vector<std::string>;
  auto table = orders();
  EXPECT_EQ(keys(webhook(), table), Names({"id"}));
  auto named = webhook();
  named.key = {"status", "id"};
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

TEST(Plan, RowidIsBesideTheRecord) {
  auto table = orders();
  table.primary_key.clear();
  const Planned planned(webhook(DbType::sqlite), table);
  EXPECT_EQ(planned.plan->selected.size(), 6U);
  EXPECT_EQ(planned.plan->digested, 5U);
  EXPECT_EQ(planned.plan->delivered.size(), 5U);
  EXPECT_EQ(planned.plan->key[0].position, 5U);
}

TEST(Plan, FieldsKeepTheirOrderAndColumnsTheirExpression) {
  auto table = orders();
  table.columns[2].select_as = "{}+0e0";
  table.columns[2].name = "to{}tal`";
  auto asked = webhook(DbType::mysql);
  asked.fields = {"status", "id"};
  const Planned planned(asked, table);
  EXPECT_EQ(planned.plan->selected[2], "`to{}tal```+0e0 AS `to{}tal```");
  EXPECT_EQ(planned.plan->delivered_at, (std::vector<std::size_t>{1, 0}));
  EXPECT_EQ(planned.plan->from, "`shop`.`orders`");
}

TEST(Plan, FiltersAreConditionsWithBoundValues) {
  const auto filter = [](Op op, std::vector<Param> values) {
    auto asked = webhook();
    asked.filters = {{.column = "status", .op = op, .values = std::move(values)}};
    const Planned planned(asked, orders());
    return planned.plan->filter[0] + " " + std::to_string(planned.plan->filter_params.size());
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

TEST(Plan, WhatCountsAsDeletedHangsOnTheColumnsKind) {
  const auto gone = [](Kind kind) {
    auto table = orders();
    table.columns[1].kind = kind;
    auto asked = webhook(DbType::mysql, Event::deleted);
    asked.deleted_column = "status";
    return Planned(asked, table).plan->gone;
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
       w.key = {"id", "status"};
     },
     true},
    {"key as it was", [](config::Webhook& w, Table&) { w.key = {"id"}; }, false},
    {"fields", [](config::Webhook& w, Table&) { w.fields = {"id"}; }, true},
    {"include_created", [](config::Webhook& w, Table&) { w.include_created = false; }, true},
    {"deleted_column", [](config::Webhook& w, Table&) { w.deleted_column = "updated_at"; }, true},
    {"filter",
     [](config::Webhook& w, Table&) {
       w.filters = {{"status", Op::eq, {{Kind::text, false, "a"}}}};
     },
     true},
    {"url", [](config::Webhook& w, Table&) { w.database.url = Secret("postgresql://elsewhere/"); }, false},
    {"hook_url", [](config::Webhook& w, Table&) { w.hook_url = "https://x.example/"; }, false},
    {"interval", [](config::Webhook& w, Table&) { w.interval = std::chrono::hours(1); }, false},
    {"page_max_limit", [](config::Webhook& w, Table&) { w.page_max_limit = 7; }, false},
    {"include_all", [](config::Webhook& w, Table&) { w.include_all = true; }, false},
    {"checked_at", [](config::Webhook& w, Table&) { w.checked_at = Instant(); }, false},
    {"lookback", [](config::Webhook& w, Table&) { w.lookback = std::chrono::hours(1); }, false},
    {"labels",
     [](config::Webhook& w, Table&) {
       w.environment = "Test";
       w.workspace_id = "7";
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
  a.updated_column = "updated_at";
  auto b = a;
  b.updated_column = "created_at";
  EXPECT_NE(Planned(a, orders()).plan->fingerprint, Planned(b, orders()).plan->fingerprint);
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
