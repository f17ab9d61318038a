// The xid strategy against a model of PostgreSQL's transactions: random writers, polls that die anywhere.
#include "scheduler/xid_poll.h"

#include <gtest/gtest.h>

#include <random>
#include <utility>

#include "scheduler/checkpoint.h"
#include "tests/scheduler/model_postgres.h"

namespace vhookd::testing {
namespace {

using config::Event;

constexpr std::uint64_t near_wrap = (std::uint64_t{1} << 32) - 40;

struct Setup {
  Event event = Event::updated;
  bool include_all = false;
  bool include_created = true;
  bool with_key = true;
  bool filtered = false;
  bool dies = false;
  bool short_views = false;   // and others write between them
  bool plain_cursor = false;  // deliberately wrong
};

// One random history. Versions count all writes, so each names one state of one row.
class History {
 public:
  History(unsigned seed, const Setup& setup)
      : setup_(setup),
        random_(seed),
        database_(seed % 3 == 0 ? near_wrap : 1000 + seed),
        conductor_(webhook(setup), model_table(setup.with_key), 1 + static_cast<int>(seed % 4)) {}

  // What a receiver would complain of; nothing: all is well.
  std::vector<std::string> run() {
    for (int i = 0; i < 12; ++i) write_somewhere();
    for (int i = 0; i < 150; ++i) {
      const int what = below(100);
      if (what < 85) {
        write_somewhere();
      } else {
        poll();
      }
      if (!complaints_.empty()) return complaints_;
    }
    while (!database_.open().empty()) database_.commit(database_.open().front());
    const auto died = setup_.dies;
    setup_.dies = false;
    setup_.short_views = false;
    conductor_.rows_a_view = 0;
    for (int i = 0; i < 3; ++i) poll();
    setup_.dies = died;
    judge();
    return complaints_;
  }

 private:
  static config::Webhook webhook(const Setup& setup) {
    auto made = a_webhook(DbType::postgres, setup.event);
    made.include_all = setup.include_all;
    made.include_created = setup.include_created;
    if (setup.filtered)
      made.filters = {{.column = "flag", .op = config::Op::eq, .values = {{Kind::integer, false, "1"}}}};
    return made;
  }

  int below(int bound) { return static_cast<int>(random_() % static_cast<unsigned>(bound)); }

  void write_somewhere() {
    auto open = database_.open();
    const int what = below(20);
    if (open.empty() || (what == 0 && open.size() < 5)) {
      database_.begin();
      open = database_.open();
    }
    const int handle = open[static_cast<std::size_t>(below(static_cast<int>(open.size())))];
    if (what < 12) {
      const std::int64_t id = 1 + below(25);
      if (below(8) == 0) {
        database_.write(handle, id, std::nullopt);
      } else if (setup_.with_key && !setup_.plain_cursor && below(4) == 0 && database_.rows().contains(id)) {
        database_.write(handle, id, database_.rows().at(id));  // nothing changes but its xmin
      } else {
        database_.write(handle, id, ModelRow{.version = ++version_, .flag = below(2)});
      }
    } else if (what == 12) {
      database_.savepoint(handle);
    } else if (what == 13 && database_.has_savepoint(handle)) {
      database_.rollback_to_savepoint(handle);
    } else if (what == 14 && database_.has_savepoint(handle)) {
      database_.release(handle);
    } else if (what == 15) {
      database_.rollback(handle);
    } else if (what == 16) {
      database_.burn(static_cast<std::uint64_t>(below(3)));
    } else if (open.front() != handle || below(6) == 0) {
      database_.commit(handle);  // the oldest lives long, as a forgotten session does
    }
  }

  void poll() {
    Death death;
    if (setup_.dies && below(2) == 0) (below(2) == 0 ? death.rows : death.parts) = 1 + below(8);
    if (!std::exchange(begun_, true))
      for (const auto& [id, row] : database_.rows()) first_view_[id] = row.version;
    auto source = database_.source();
    if (setup_.short_views) {
      conductor_.rows_a_view = 1 + below(4);
      source.begin = [this, begin = source.begin] {
        for (int i = 0; i < 4; ++i) write_somewhere();
        begin();
      };
      if (!setup_.with_key) ++cuts_;
    }
    const auto went = conductor_.poll(source, death);
    if (went == Went::wrong) complaints_.push_back(conductor_.error);
    if (went != Went::whole) {
      ++cuts_;
      return;
    }
    if (!std::exchange(whole_, true))
      for (const auto& [id, row] : database_.rows()) last_of_first_[id] = row.version;
    for (const auto& [id, row] : database_.rows()) births_when_whole_.try_emplace(id, database_.births(id));
    if (setup_.plain_cursor) forget_the_horizon();
  }

  // What a cursor on the newest xid seen would keep: nothing of those still under way.
  void forget_the_horizon() {
    auto state = nlohmann::json::parse(conductor_.checkpoint);
    std::uint64_t newest = std::max<std::uint64_t>(cursor_, state.at("horizon"));
    for (const auto xid : read_xids(state.at("delivered"))) newest = std::max(newest, xid + 1);
    state["horizon"] = cursor_ = newest;
    state["delivered"] = nlohmann::json::array();
    conductor_.checkpoint = state.dump();
  }

  // Versions of a row the receiver was given, in order.
  std::vector<std::int64_t> given(std::int64_t id) const {
    std::vector<std::int64_t> versions;
    for (const auto& one : conductor_.with("id", id)) versions.push_back(one.record.at("version"));
    return versions;
  }

  void expect(bool holds, std::int64_t id, const std::string& what) {
    if (!holds) complaints_.push_back("row " + std::to_string(id) + ": " + what);
  }

  void judge() {
    for (const auto& [id, row] : database_.rows()) {
      if (setup_.filtered && row.flag != 1) continue;
      const auto versions = given(id);
      const bool up_to_date = !versions.empty() && versions.back() == row.version;
      const bool changed_since = !is(last_of_first_, id, row.version);
      if (setup_.event == Event::created) {
        judge_created(id, versions);
      } else if (!setup_.include_created) {
        const bool same_row = last_of_first_.contains(id) && database_.births(id) == births_when_whole_.at(id);
        expect(!changed_since || !same_row || up_to_date, id, "a change was missed");
      } else {
        expect(!(setup_.include_all || changed_since) || up_to_date, id, "its latest version was missed");
        expect(setup_.include_all || !is(first_view_, id, row.version) || versions.empty(), id, "was there before");
      }
    }
    judge_duplicates();
  }

  void judge_created(std::int64_t id, const std::vector<std::int64_t>& versions) {
    const bool born_again = database_.births(id) > 1;
    expect(static_cast<int>(versions.size()) <= database_.births(id), id, "was told more often than it was born");
    const bool must = setup_.include_all || !last_of_first_.contains(id);
    expect(setup_.filtered || !must || !versions.empty(), id, "its birth was missed");
    const bool may = setup_.include_all || born_again || !first_view_.contains(id) || !last_of_first_.contains(id);
    expect(may || versions.empty(), id, "was there before");
  }

  static bool is(const std::map<std::int64_t, std::int64_t>& versions, std::int64_t id, std::int64_t version) {
    const auto at = versions.find(id);
    return at != versions.end() && at->second == version;
  }

  void judge_duplicates() {
    if (cuts_ > 0) return;
    std::set<std::int64_t> seen;
    for (const auto& one : conductor_.received)
      expect(seen.insert(one.record.at("version").get<std::int64_t>()).second, one.record.at("id"), "came twice");
  }

  Setup setup_;
  std::mt19937 random_;
  ModelPostgres database_;
  Conductor conductor_;
  std::int64_t version_ = 0;
  std::uint64_t cursor_ = 0;  // of the plain one
  bool begun_ = false;
  bool whole_ = false;
  int cuts_ = 0;
  std::vector<std::string> complaints_;
  std::map<std::int64_t, std::int64_t> first_view_;     // when the first poll began
  std::map<std::int64_t, std::int64_t> last_of_first_;  // when it was whole
  std::map<std::int64_t, int> births_when_whole_;       // when a whole poll first saw the row
};

void try_seeds(const Setup& setup, unsigned count = 60) {
  for (unsigned seed = 1; seed <= count; ++seed)
    ASSERT_EQ(History(seed, setup).run(), std::vector<std::string>()) << "seed " << seed;
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
  for (unsigned seed = 1; seed <= 20; ++seed) found += History(seed, {.plain_cursor = true}).run().empty() ? 0 : 1;
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
