// Narrow polls of a large table against the model of PostgreSQL: what is stamped in time comes with the next poll,
// everything with the next full sweep, nothing twice.
#include "scheduler/detect/xid/xid_narrowing.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/scheduler/detect/xid_history.h"

namespace vhookd::testing {
namespace {

using config::Detect;
using config::Event;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// Returns how many polls were narrow.
int try_seeds(HistorySetup setup, unsigned count = 60) {
  setup.large = true;
  int narrow = 0;
  for (unsigned seed = 1; seed <= count; ++seed) {
    XidHistory history(seed, setup);
    const auto complaints = history.run();
    EXPECT_EQ(complaints, std::vector<std::string>()) << "seed " << seed;
    if (!complaints.empty()) break;
    narrow += history.narrow_polls();
  }
  return narrow;
}

int found_out(HistorySetup setup) {
  setup.large = true;
  int found = 0;
  for (unsigned seed = 1; seed <= 20; ++seed) found += XidHistory(seed, setup).run().empty() ? 0 : 1;
  return found;
}

TEST(XidNarrowing, WhatIsStampedInTimeComesWithTheNextPoll) {
  EXPECT_GT(try_seeds({}), 200);
}
TEST(XidNarrowing, OddStampsComeWithASweep) {
  EXPECT_GT(try_seeds({.odd_stamps = true}), 200);
}
TEST(XidNarrowing, InAZoneOfItsOwn) {
  EXPECT_GT(try_seeds({.odd_stamps = true, .hours_behind = 5}), 200);
  EXPECT_GT(try_seeds({.hours_behind = -9}), 200);
}
TEST(XidNarrowing, WhenTheClockJumps) {
  EXPECT_GT(try_seeds({.odd_stamps = true, .clock_jumps = true}), 100);
}
TEST(XidNarrowing, WhenItDies) {
  EXPECT_GT(try_seeds({.dies = true, .odd_stamps = true}), 100);
}
TEST(XidNarrowing, InManyViews) {
  EXPECT_GT(try_seeds({.short_views = true, .odd_stamps = true}), 100);
}
TEST(XidNarrowing, InManyViewsWhenItDies) {
  EXPECT_GT(try_seeds({.include_all = true, .dies = true, .short_views = true, .odd_stamps = true}), 100);
}
TEST(XidNarrowing, Filtered) {
  EXPECT_GT(try_seeds({.filtered = true, .odd_stamps = true}), 200);
}
TEST(XidNarrowing, NotWhereNewIsToldFromChanged) {
  EXPECT_EQ(try_seeds({.event = Event::created, .odd_stamps = true}, 10), 0);
  EXPECT_EQ(try_seeds({.include_created = false, .odd_stamps = true}, 10), 0);
}

TEST(XidNarrowing, TheseHistoriesFindOutWhoNeverSweeps) {
  EXPECT_GE(found_out({.odd_stamps = true, .never_sweeps = true}), 15);
}
TEST(XidNarrowing, TheseHistoriesFindOutWhoLeavesOpenTransactionsOut) {
  EXPECT_GE(found_out({.wrong_horizon = true}), 8);
}

// A large table with some rows, and a webhook that has swept it.
class XidNarrowingCase : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 1; i <= 5; ++i) write(i, i);
    poll();
    EXPECT_FALSE(conductor.was_narrow());
  }
  void write(std::int64_t id, std::int64_t version, Micros late = Micros(0)) {
    commit(id, ModelRow{.version = version, .updated_at = database.text(database.clock - late)});
  }
  void commit(std::int64_t id, ModelPostgres::Change to) {
    const int transaction = database.begin();
    database.write(transaction, id, std::move(to));
    database.commit(transaction);
  }
  void poll(Micros after = seconds(10)) {
    database.clock += after;
    auto source = database.source();
    ASSERT_EQ(conductor.poll(source), Went::whole) << conductor.error;
  }
  void sweep() {
    poll(hours(1));
    EXPECT_FALSE(conductor.was_narrow());
  }
  std::vector<std::int64_t> versions() const {
    std::vector<std::int64_t> found;
    for (const auto& one : conductor.received) found.push_back(one.record.at("version"));
    return found;
  }
  bool counted() const {
    return std::ranges::any_of(conductor.asked, [](const std::string& sql) { return sql.contains("count(*)"); });
  }
  using Versions = std::vector<std::int64_t>;

  ModelPostgres database{1000};
  Conductor conductor{a_webhook(DbType::postgres, Event::updated), large_model_table()};
};

TEST_F(XidNarrowingCase, ReadsOnlyWhatIsNewInARange) {
  write(1, 11);
  poll();
  EXPECT_TRUE(conductor.was_narrow());
  EXPECT_FALSE(counted());
  EXPECT_EQ(conductor.rows, 2) << "the position, the row, which tells whether the table was rewritten";
  poll();
  EXPECT_EQ(conductor.rows, 2) << "the position, whether the table was rewritten";
  EXPECT_EQ(versions(), Versions({11}));
}

TEST_F(XidNarrowingCase, WhatIsStampedLateWaitsForASweep) {
  write(1, 11, hours(2));
  commit(2, ModelRow{.version = 12, .updated_at = {}});
  write(3, 13, seconds(50));
  poll();
  EXPECT_TRUE(conductor.was_narrow());
  EXPECT_EQ(versions(), Versions({13})) << "within lookback";
  sweep();
  EXPECT_EQ(versions(), Versions({13, 11, 12}));
}

// The bound is below what was open at the last poll, however long ago that began to write.
TEST_F(XidNarrowingCase, AnOpenTransactionIsWaitedFor) {
  const int slow = database.begin();
  database.write(slow, 1, ModelRow{.version = 11, .updated_at = database.text(database.clock)});
  conductor.webhook.lookback = seconds(0);
  for (int i = 0; i < 8; ++i) {
    poll(minutes(20));
    write(2, 20 + i);
    poll();
    EXPECT_TRUE(conductor.was_narrow());
  }
  EXPECT_EQ(versions(), Versions({20, 21, 22, 23, 24, 25, 26, 27}));
  database.commit(slow);
  poll();
  EXPECT_TRUE(conductor.was_narrow());
  EXPECT_EQ(versions().back(), 11);
}

TEST_F(XidNarrowingCase, IsNoProofThatNothingIsLeft) {
  EXPECT_TRUE(conductor.up_to_date);
  poll();
  EXPECT_TRUE(conductor.was_narrow());
  EXPECT_FALSE(conductor.up_to_date);
  sweep();
  EXPECT_TRUE(conductor.up_to_date);
}

TEST_F(XidNarrowingCase, SweepsComeAHundredTimesAsLongApartAsTheyTake) {
  const auto pause = [&](Micros takes) {
    database.scan_takes = takes;
    sweep();
    Micros waited(0);
    do {
      poll(seconds(5));
      waited += seconds(5);
    } while (conductor.was_narrow());
    return waited;
  };
  EXPECT_EQ(pause(std::chrono::milliseconds(1)), minutes(1));
  EXPECT_EQ(pause(seconds(2)), seconds(200));
  EXPECT_EQ(pause(minutes(5)), hours(1));
}

TEST_F(XidNarrowingCase, AClockThatIsSetNeitherStarvesNorStormsSweeps) {
  poll(hours(24 * 365 * 10));
  EXPECT_FALSE(conductor.was_narrow());
  poll();
  EXPECT_TRUE(conductor.was_narrow());
  poll(-hours(24 * 365 * 10));
  EXPECT_FALSE(conductor.was_narrow());
  write(1, 11);
  poll();
  EXPECT_TRUE(conductor.was_narrow());
  EXPECT_EQ(versions(), Versions({11}));
}

TEST_F(XidNarrowingCase, WhatIsGoneIsForgottenByASweep) {
  commit(1, std::nullopt);
  commit(2, std::nullopt);
  poll();
  EXPECT_EQ(conductor.known.size(), 5U);
  commit(1, ModelRow{.version = 1});  // as it was
  write(2, 12);
  poll();
  EXPECT_EQ(versions(), Versions({12}));
  commit(3, std::nullopt);
  sweep();
  EXPECT_EQ(conductor.known.size(), 4U);
  EXPECT_EQ(versions(), Versions({12}));
  commit(3, ModelRow{.version = 3});
  sweep();
  EXPECT_EQ(versions(), Versions({12, 3}));
}

TEST_F(XidNarrowingCase, ASweepSendsNothingThatWasSent) {
  for (int i = 1; i <= 5; ++i) write(i, 10 + i);
  poll();
  write(6, 16);
  poll();
  sweep();
  EXPECT_EQ(versions(), Versions({11, 12, 13, 14, 15, 16}));
  EXPECT_EQ(conductor.known.size(), 6U);
}

TEST_F(XidNarrowingCase, WhoAsksGetsAll) {
  write(1, 11, hours(2));
  poll();
  EXPECT_TRUE(conductor.was_narrow());
  conductor.whole = true;
  poll();
  EXPECT_FALSE(conductor.was_narrow());
  EXPECT_TRUE(counted());
  EXPECT_EQ(versions(), Versions({11}));
  conductor.whole = false;
  poll();
  EXPECT_TRUE(conductor.was_narrow()) << "the range is known all along";
}

// A narrow poll that was cut short is no part of a sweep.
TEST_F(XidNarrowingCase, GoesOnAsItBegan) {
  conductor.max_records = 1;
  const auto cut = [&] {
    for (int i = 1; i <= 5; ++i) write(i, versions().empty() ? 10 + i : 30 + i);
    database.clock += seconds(10);
    auto source = database.source();
    EXPECT_EQ(conductor.poll(source, {.rows = {}, .parts = 2}), Went::cut);
    EXPECT_TRUE(conductor.was_narrow());
    EXPECT_TRUE(conductor.checkpoint.contains("narrow_sweep")) << conductor.checkpoint;
    EXPECT_FALSE(conductor.checkpoint.contains("\"sweep\"")) << "an older release would go on with it";
  };
  cut();
  write(1, 21, hours(2));
  poll();
  EXPECT_TRUE(conductor.was_narrow());
  EXPECT_EQ(versions(), Versions({11, 12, 13, 14, 15}));
  sweep();
  EXPECT_EQ(versions(), Versions({11, 12, 13, 14, 15, 21}));
  cut();
  commit(1, ModelRow{.version = 41, .updated_at = {}});
  conductor.whole = true;
  poll();
  EXPECT_EQ(versions(), Versions({11, 12, 13, 14, 15, 21, 31, 32, 41, 33, 34, 35}));
}

TEST_F(XidNarrowingCase, ARewrittenTableIsReadAgain) {
  write(1, 11);
  const auto before = conductor.checkpoint;
  database.rewritten_under_way = true;
  auto source = database.source();
  EXPECT_EQ(conductor.poll(source), Went::wrong);
  EXPECT_TRUE(conductor.was_narrow());
  EXPECT_EQ(conductor.checkpoint, before);
  database.rewritten_under_way = false;
  poll();
  EXPECT_EQ(versions(), Versions({11}));
}

TEST_F(XidNarrowingCase, AnotherRunOfTheServerIsComparedWhole) {
  ModelPostgres lagging = database;
  write(1, 11);
  poll();
  EXPECT_TRUE(conductor.was_narrow());
  database = lagging;
  database.server_run = "2 20,21";
  database.clock += minutes(1);
  poll();
  EXPECT_FALSE(conductor.was_narrow());
  EXPECT_EQ(versions(), Versions({11, 1}));
  write(2, 12);
  poll();
  EXPECT_TRUE(conductor.was_narrow());
  EXPECT_EQ(versions(), Versions({11, 1, 12}));
}

TEST_F(XidNarrowingCase, ACounterBehindThatOfANarrowPollIsASetBackDatabase) {
  ModelPostgres backup = database;
  for (int i = 0; i < 5; ++i) write(1, 11 + i);
  poll();
  EXPECT_TRUE(conductor.was_narrow());
  const auto clock = database.clock;
  database = backup;
  database.clock = clock;
  write(2, 22);  // ahead of the last sweep
  poll();
  EXPECT_NE(conductor.last_notice.find("restored"), std::string::npos) << conductor.last_notice;
  EXPECT_EQ(versions(), Versions({15, 1, 22}));
}

// What a release without narrow polls left, and where the index or the column is another now.
TEST_F(XidNarrowingCase, BeginsWithASweep) {
  auto state = nlohmann::json::parse(conductor.checkpoint);
  state.erase("narrow");
  conductor.checkpoint = state.dump();
  write(1, 11, hours(2));
  poll();
  EXPECT_FALSE(conductor.was_narrow());
  poll();
  EXPECT_TRUE(conductor.was_narrow());
  write(2, 12, hours(2));
  poll();
  conductor.table.indexes.pop_back();
  poll();
  EXPECT_EQ(versions(), Versions({11, 12}));
  conductor.table = large_model_table();
  write(3, 13, hours(2));
  poll();
  EXPECT_FALSE(conductor.was_narrow());
  conductor.table.columns[3].name = "modified_at";
  conductor.table.indexes.back().columns[0] = "modified_at";
  write(4, 14, hours(2));
  poll();
  EXPECT_EQ(versions(), Versions({11, 12, 13, 14}));
}

TEST(XidNarrowingPlan, IsForLargeTablesWithAnIndexedTimeAndAFirmKey) {
  const auto narrow = [](const auto& change) {
    auto webhook = a_webhook(DbType::postgres, Event::updated);
    auto table = large_model_table();
    change(webhook, table);
    const auto plan = make_plan(webhook, table, traits_of(webhook.database->type), std::nullopt);
    EXPECT_TRUE(plan) << plan.error().message;
    return !plan->narrow_index.empty();
  };
  EXPECT_TRUE(narrow([](auto&, auto&) {}));
  EXPECT_TRUE(narrow([](auto&, auto& table) { table.columns[3].kind = Kind::timestamp; }));
  EXPECT_TRUE(narrow([](auto&, auto& table) { table.relation = Relation::partitioned_table; }));
  EXPECT_TRUE(narrow([](auto&, auto& table) { table.estimated_rows = large_table_rows; }));
  EXPECT_FALSE(narrow([](auto&, auto& table) { table.estimated_rows = large_table_rows - 1; }));
  EXPECT_FALSE(narrow([](auto&, auto& table) { table.estimated_rows = -1; }));
  EXPECT_FALSE(narrow([](auto&, auto& table) { table.indexes.back().columns = {"id", "updated_at"}; }));
  EXPECT_FALSE(narrow([](auto&, auto& table) { table.columns[3].kind = Kind::text; }));
  EXPECT_FALSE(narrow([](auto&, auto& table) { table.has_heirs = true; }));
  EXPECT_FALSE(narrow([](auto& webhook, auto&) { webhook.columns.edit().key = {"flag"}; }));
  EXPECT_FALSE(narrow([](auto& webhook, auto&) { webhook.detect = Detect::xid; }));
  EXPECT_FALSE(narrow([](auto& webhook, auto&) { webhook.detect = Detect::snapshot; }));
  EXPECT_FALSE(narrow([](auto& webhook, auto&) { webhook.event = Event::created; }));
  EXPECT_FALSE(narrow([](auto& webhook, auto&) { webhook.event = Event::deleted; }));
  EXPECT_FALSE(narrow([](auto& webhook, auto& table) {
    webhook.include_created = false;
    table.columns.push_back(column("created_at", Kind::timestamptz));
  }));
}

}  // namespace
}  // namespace vhookd::testing
