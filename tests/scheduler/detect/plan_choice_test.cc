// Which strategy a webhook gets, and what it is told where none fits.
#include <gtest/gtest.h>

#include <functional>

#include "tests/scheduler/detect/orders.h"

namespace vhookd::testing {
namespace {

using config::Detect;
using config::Event;
using config::Op;

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
       w.columns.edit().key = {"id"};
     },
     {},
     Strategy::snapshot},
    {"view with a named column",
     DbType::postgres,
     Event::updated,
     [](config::Webhook& w, Table& t) {
       t.relation = Relation::view;
       w.columns.edit().updated = "updated_at";
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
     Strategy::xid},
    {"partitioned with a foreign part",
     DbType::postgres,
     Event::updated,
     [](config::Webhook&, Table& t) {
       t = indexed(t, "updated_at");
       t.relation = Relation::partitioned_table;
       t.foreign_parts = true;
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
     [](config::Webhook& w, Table&) { w.columns.edit().updated = "created_at"; },
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
    {"key", [](config::Webhook& w, Table&) { w.columns.edit().key = {"nr"}; }, {"key", "nr", "id, status"}},
    {"key of a float",
     [](config::Webhook& w, Table& t) {
       w.columns.edit().key = {"total"};
       t.columns[2].kind = Kind::real;
     },
     {"key", "total", "floating point", "name other columns"}},
    {"updated_column",
     [](config::Webhook& w, Table&) { w.columns.edit().updated = "changed"; },
     {"updated_column", "changed", "id, status"}},
    {"updated_column of text",
     [](config::Webhook& w, Table&) { w.columns.edit().updated = "status"; },
     {"updated_column", "status", "its type", "detect: snapshot"}},
    {"created_column",
     [](config::Webhook& w, Table&) { w.columns.edit().created = "born"; },
     {"created_column", "born"}},
    {"created_column of text",
     [](config::Webhook& w, Table&) { w.columns.edit().created = "status"; },
     {"created_column", "status"}},
    {"deleted_column",
     [](config::Webhook& w, Table&) { w.columns.edit().deleted = "gone"; },
     {"deleted_column", "gone", "id, status"}},
    {"xid in MySQL",
     [](config::Webhook& w, Table&) {
       w.detect = Detect::xid;
       w.database.edit().type = DbType::mysql;
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
     {"detect: xid", "not an ordinary table"}},
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

}  // namespace
}  // namespace vhookd::testing
