// The xid strategy against a model of PostgreSQL's transactions: random writers, polls that die anywhere.
#include "scheduler/detect/xid/xid_method.h"

#include <gtest/gtest.h>

#include "tests/scheduler/detect/model_postgres.h"
#include "tests/scheduler/detect/xid_history.h"

namespace vhookd::testing {
namespace {

using config::Event;

void try_seeds(const HistorySetup& setup, unsigned count = 60) {
  for (unsigned seed = 1; seed <= count; ++seed)
    ASSERT_EQ(XidHistory(seed, setup).run(), std::vector<std::string>()) << "seed " << seed;
}

TEST(XidPoll, MissesNothingAndSendsNothingTwice) {
  try_seeds({});
}
TEST(XidPoll, MissesNothingWhenItDies) {
  try_seeds({.dies = true});
}
TEST(XidPoll, FirstSyncThenChanges) {
  try_seeds({.include_all = true});
}
TEST(XidPoll, FirstSyncThatDies) {
  try_seeds({.include_all = true, .dies = true});
}
TEST(XidPoll, WithoutKey) {
  try_seeds({.with_key = false});
}
TEST(XidPoll, WithoutKeyWhenItDies) {
  try_seeds({.include_all = true, .with_key = false, .dies = true});
}
TEST(XidPoll, InManyViews) {
  try_seeds({.short_views = true});
}
TEST(XidPoll, InManyViewsWhenItDies) {
  try_seeds({.include_all = true, .dies = true, .short_views = true});
}
TEST(XidPoll, InManyViewsWithoutKey) {
  try_seeds({.include_all = true, .with_key = false, .short_views = true});
}
TEST(XidPoll, CreatedInManyViews) {
  try_seeds({.event = Event::created, .include_all = true, .short_views = true});
}
TEST(XidPoll, Filtered) {
  try_seeds({.filtered = true, .dies = true});
}
TEST(XidPoll, Created) {
  try_seeds({.event = Event::created});
}
TEST(XidPoll, CreatedWhenItDies) {
  try_seeds({.event = Event::created, .dies = true});
}
TEST(XidPoll, CreatedWithFirstSync) {
  try_seeds({.event = Event::created, .include_all = true, .dies = true});
}
TEST(XidPoll, ChangedOnly) {
  try_seeds({.include_created = false, .dies = true});
}

TEST(XidPoll, TheseHistoriesFindAPlainCursorOut) {
  int found = 0;
  for (unsigned seed = 1; seed <= 20; ++seed) found += XidHistory(seed, {.plain_cursor = true}).run().empty() ? 0 : 1;
  EXPECT_GE(found, 8);
}

// A database with some rows, and a webhook that has polled it once.
class XidPollCase : public ::testing::Test {
 protected:
  void write(std::int64_t id, std::int64_t version, const std::string& updated_at = "2026-11-23 09:00:00+00") {
    const int transaction = database.begin();
    database.write(transaction, id, ModelRow{.version = version, .updated_at = updated_at});
    database.commit(transaction);
  }
  void remove(std::int64_t id) {
    const int transaction = database.begin();
    database.write(transaction, id, std::nullopt);
    database.commit(transaction);
  }
  void poll(Death death = {}) {
    auto source = database.source();
    ASSERT_NE(conductor.poll(source, death), Went::wrong) << conductor.error;
  }
  bool asked_for_keys() const {
    return std::ranges::any_of(conductor.asked,
                               [](const std::string& sql) { return sql.starts_with("SELECT \"id\" FROM"); });
  }
  std::vector<std::int64_t> versions() const {
    std::vector<std::int64_t> found;
    for (const auto& one : conductor.received) found.push_back(one.record.at("version"));
    return found;
  }
  using Versions = std::vector<std::int64_t>;

  ModelPostgres database{1000};
  Conductor conductor{a_webhook(DbType::postgres, Event::updated), model_table(), 1};
};

TEST_F(XidPollCase, ALongTransactionDoesNotRepeatWhatOthersCommitted) {
  poll();
  const int long_one = database.begin();
  database.write(long_one, 99, ModelRow{.version = 99});
  write(1, 1);
  for (int i = 0; i < 4; ++i) poll();
  EXPECT_EQ(versions(), Versions({1}));
  database.commit(long_one);
  poll();
  EXPECT_EQ(versions(), Versions({1, 99}));
}

TEST_F(XidPollCase, ARestoredDatabaseIsSentAgainEvenInSmallParts) {
  ModelPostgres backup = database;
  for (int i = 1; i <= 6; ++i) write(i, i);
  poll();
  database = backup;
  for (int i = 1; i <= 4; ++i) write(i, 10 + i);
  for (int i = 0; i < 12 && conductor.received.size() < 4; ++i) poll({.rows = {}, .parts = 1});
  poll();
  EXPECT_EQ(versions(), Versions({11, 12, 13, 14}));
  write(2, 20);
  poll();
  poll();
  EXPECT_EQ(versions(), Versions({11, 12, 13, 14, 20}));
}

TEST_F(XidPollCase, AHistoryThatWentOnFromAnOlderStateIsComparedWhole) {
  for (int i = 1; i <= 3; ++i) write(i, i);
  poll();
  ModelPostgres lagging = database;
  for (int i = 1; i <= 3; ++i) write(i, 10 + i);
  poll();
  lagging.server_run = "2 10,11";
  database = lagging;
  write(1, 21);  // under the xid that wrote 11
  for (int i = 0; i < 9; ++i) write(9, i);
  poll();
  EXPECT_EQ(versions(), Versions({11, 12, 13, 21, 2, 3, 8}));
  EXPECT_NE(conductor.last_notice.find("started anew"), std::string::npos) << conductor.last_notice;
}

TEST_F(XidPollCase, ARestartAloneSendsNothingAgain) {
  for (int i = 1; i <= 3; ++i) write(i, i);
  poll();
  database.server_run = "2 10,11";
  poll();
  write(2, 22);
  poll();
  EXPECT_EQ(versions(), Versions({22}));
}

TEST_F(XidPollCase, ARestoreDuringTheFirstSyncBeginsItAnew) {
  conductor.webhook.include_all = true;
  ModelPostgres backup = database;
  for (int i = 1; i <= 6; ++i) write(i, i);
  poll({.rows = {}, .parts = 2});
  EXPECT_EQ(versions(), Versions({1, 2}));
  database = backup;
  write(1, 11);
  write(6, 16);
  poll();
  EXPECT_EQ(versions(), Versions({1, 2, 11, 16}));
}

TEST_F(XidPollCase, WhatIsWrittenAsItWasIsNotSent) {
  write(1, 1);
  poll();
  for (int i = 0; i < 3; ++i) {
    write(1, 1);
    poll();
    EXPECT_FALSE(asked_for_keys());
  }
  write(1, 2);
  poll();
  EXPECT_EQ(versions(), Versions({2}));
}

TEST_F(XidPollCase, ARowThatComesBackAsItWasIsSent) {
  write(1, 1);
  write(2, 2);
  poll();
  remove(1);
  poll();
  EXPECT_TRUE(asked_for_keys());
  EXPECT_EQ(conductor.known.size(), 1U);
  poll();
  EXPECT_FALSE(asked_for_keys());
  write(1, 1);
  poll();
  EXPECT_EQ(versions(), Versions({1}));
}

TEST_F(XidPollCase, ManyDeletionsAreForgottenInParts) {
  for (int i = 1; i <= 40; ++i) write(i, i);
  poll();
  for (int i = 1; i <= 39; ++i) remove(i);
  write(40, 100);
  for (int i = 0; i < 30; ++i) poll({.rows = 3 + i, .parts = {}});
  poll();
  EXPECT_EQ(conductor.known.size(), 1U);
  EXPECT_EQ(versions(), Versions({100}));
  for (int i = 1; i <= 39; ++i) write(i, i);
  poll();
  EXPECT_EQ(versions().size(), 40U);
}

TEST_F(XidPollCase, ATableRewrittenUnderTheViewIsReadAgain) {
  write(1, 1);
  poll();
  const auto known = conductor.known.size();
  auto source = database.source();
  database.rewritten_under_way = true;
  EXPECT_EQ(conductor.poll(source), Went::wrong);
  EXPECT_NE(conductor.error.find("rewritten"), std::string::npos) << conductor.error;
  EXPECT_EQ(conductor.known.size(), known);
  database.rewritten_under_way = false;
  write(1, 2);
  poll();
  EXPECT_EQ(versions(), Versions({2}));
}

TEST_F(XidPollCase, ARowTellsWhatElseWouldBeAsked) {
  write(1, 1);
  poll();
  write(1, 2);
  poll();
  EXPECT_EQ(conductor.asked.size(), 2U) << "the position, the rows";
  poll();
  EXPECT_EQ(conductor.asked.size(), 3U) << "there is no row to tell";
  write(1, 3);
  auto source = database.source();
  database.rewritten_under_way = true;
  EXPECT_EQ(conductor.poll(source), Went::wrong);
  EXPECT_NE(conductor.error.find("rewritten"), std::string::npos) << conductor.error;
  EXPECT_EQ(versions(), Versions({2}));
  database.rewritten_under_way = false;
  poll();
  EXPECT_EQ(versions(), Versions({2, 3}));
}

// What an earlier release left: a horizon, and no known rows.
TEST_F(XidPollCase, StateWithoutDigestsIsMadeWholeSilently) {
  for (int i = 1; i <= 9; ++i) write(i, i);
  poll();
  conductor.known.clear();
  auto state = nlohmann::json::parse(conductor.checkpoint);
  state.erase("noted");
  conductor.checkpoint = state.dump();
  write(3, 13);
  write(10, 10);
  poll({.rows = {}, .parts = 1});
  for (int i = 0; i < 2; ++i) poll();
  EXPECT_EQ(versions(), Versions({13, 10}));
  EXPECT_EQ(conductor.known.size(), 10U);
  for (int i = 4; i <= 9; ++i) write(i, i);
  poll();
  EXPECT_EQ(versions(), Versions({13, 10}));
}

TEST_F(XidPollCase, VacuumFullBeginsASweepByPlaceAnew) {
  conductor.table = model_table(false);
  conductor.webhook.include_all = true;
  for (int i = 1; i <= 6; ++i) write(i, i);
  poll({.rows = {}, .parts = 3});
  EXPECT_EQ(versions(), Versions({1, 2, 3}));
  database.vacuum_full();
  poll();
  std::set<std::int64_t> distinct;
  for (const auto version : versions()) distinct.insert(version);
  EXPECT_EQ(distinct, (std::set<std::int64_t>{1, 2, 3, 4, 5, 6}));
}

TEST_F(XidPollCase, AnHourLongTransactionDoesNotLetTheStateGrow) {
  poll();
  const int long_one = database.begin();
  database.write(long_one, 99, ModelRow{.version = 99});
  for (int i = 0; i < 10'100; ++i) {
    write(1 + i % 5, i);
    database.burn(1);  // so that no two of them follow each other
    if (i % 700 == 0 || i >= 10'095) poll();
  }
  EXPECT_LT(conductor.checkpoint.size(), 120'000U);
  const auto before = versions().size();
  poll();
  EXPECT_EQ(versions().size(), before);
  database.commit(long_one);
  poll();
  EXPECT_EQ(versions().back(), 99);
}

TEST_F(XidPollCase, FrozenRowsOfOldAreNotTakenForNew) {
  write(1, 1);
  database.burn((std::uint64_t{1} << 31) + 1000);
  poll();
  write(2, 2);
  poll();
  poll();
  EXPECT_EQ(versions(), Versions({2}));
}

TEST_F(XidPollCase, TooManyTransactionsWhileAwayCompareAllAndSaySo) {
  write(1, 1);
  poll();
  database.burn(std::uint64_t{1} << 31);
  write(2, 2);
  poll();
  EXPECT_EQ(versions(), Versions({2}));
  EXPECT_NE(conductor.last_notice.find("too many transactions"), std::string::npos);
  poll();
  EXPECT_EQ(versions(), Versions({2}));
  EXPECT_EQ(conductor.last_notice, "");
}

TEST_F(XidPollCase, CheckedAtStartsThere) {
  conductor.webhook.checked_at =
      Instant(std::chrono::sys_days(std::chrono::year(2026) / 11 / 23)) + std::chrono::hours(9);
  write(1, 1, "2026-11-23 08:59:59.999999+00");
  write(2, 2, "2026-11-23 09:00:00+00");
  write(3, 3, "2026-11-24 09:00:00+00");
  poll();
  EXPECT_EQ(versions(), Versions({2, 3}));
  write(4, 4, "2020-01-01 00:00:00+00");  // a later change, whatever it is stamped
  poll();
  EXPECT_EQ(versions(), Versions({2, 3, 4}));
}

TEST_F(XidPollCase, CheckedAtByANumberReadsAllAndComparesItself) {
  conductor.table.columns[3] = column("updated_at", Kind::integer);
  conductor.webhook.columns.edit().updated = "updated_at";
  conductor.webhook.checked_at = Instant(std::chrono::seconds(1'700'000'000));
  write(1, 1, "1699999999");
  write(2, 2, "1700000001000");
  poll();
  EXPECT_EQ(conductor.error, "");
  for (const auto& sql : conductor.asked) EXPECT_EQ(sql.find(">="), std::string::npos) << sql;
}

TEST_F(XidPollCase, AKeyNobodyVouchesForIsNotGoneOnBy) {
  conductor.webhook.columns.edit().key = {"flag"};
  poll();
  EXPECT_NE(conductor.asked.at(1).find("ORDER BY ctid"), std::string::npos) << conductor.asked.at(1);
  conductor.webhook.columns.edit().key = {"id"};
  conductor.checkpoint.clear();
  poll();
  EXPECT_NE(conductor.asked.at(1).find("ORDER BY \"id\""), std::string::npos) << conductor.asked.at(1);
}

TEST_F(XidPollCase, FirstSyncIsMarkedToItsLastPage) {
  conductor.webhook.include_all = true;
  for (int i = 1; i <= 3; ++i) write(i, i);
  poll({.rows = {}, .parts = 1});
  poll();
  ASSERT_EQ(versions(), Versions({1, 2, 3}));
  EXPECT_EQ(conductor.received[0].type, PageType::initial_partial);
  EXPECT_EQ(conductor.received[1].type, PageType::initial_partial);
  EXPECT_EQ(conductor.received[2].type, PageType::initial_complete);
  write(1, 4);
  poll();
  EXPECT_EQ(conductor.received.back().type, PageType::virtual_);
}

}  // namespace
}  // namespace vhookd::testing
