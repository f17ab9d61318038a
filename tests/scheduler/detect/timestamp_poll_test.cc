// The timestamp strategy over a real SQLite table: late commits, ties, NULLs, stamps of the far future, clocks
// that differ, polls that die anywhere.
#include "scheduler/detect/timestamp/timestamp_method.h"

#include <gtest/gtest.h>

#include <random>
#include <utility>

#include "tests/scheduler/detect/sqlite_items.h"

namespace vhookd::testing {
namespace {

using config::Event;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Setup {
  Times times = Times::sql_micros;
  Event event = Event::updated;
  bool include_all = false;
  bool include_created = true;
  bool filtered = false;
  bool nulls = false;
  bool empty_first = false;
  bool far_future = false;
  hours clock_behind{0};  // the writer's clock, against the database's
  bool dies = false;
  bool plain_cursor = false;  // deliberately wrong
};

// A write that has its stamp and waits for its commit.
struct Pending {
  Instant commit_at;
  std::int64_t id = 0;
  Item item;
  std::string updated, created;
};

class History {
 public:
  History(unsigned seed, const Setup& setup)
      : setup_(setup),
        random_(seed),
        items_(setup.times),
        conductor_(webhook(setup), items_.describe(), 1 + static_cast<int>(seed % 4)) {}

  // What a receiver would complain of; nothing: all is well.
  std::vector<std::string> run() {
    for (int i = 0; i < 15 && !setup_.empty_first; ++i) write();
    if (setup_.far_future)
      items_.put(1000, {.version = ++version_}, items_.stamp(far_future), items_.stamp(far_future));
    for (int i = 0; i < 120 && complaints_.empty(); ++i) {
      items_.now += milliseconds(below(700));
      commit_due();
      if (below(100) < 82) {
        write();
      } else {
        poll();
      }
    }
    items_.now += seconds(20);
    commit_due();
    setup_.dies = false;
    for (int i = 0; i < 3; ++i) poll();
    judge();
    return complaints_;
  }

 private:
  static constexpr Instant far_future{std::chrono::sys_days(std::chrono::year(9999) / 12 / 31)};

  static config::Webhook webhook(const Setup& setup) {
    auto made = a_webhook(DbType::sqlite, setup.event);
    made.detect = config::Detect::timestamp;
    made.lookback = seconds(5);
    made.include_all = setup.include_all;
    made.include_created = setup.include_created;
    if (setup.filtered)
      made.filters = {{.column = "flag", .op = config::Op::eq, .values = {{Kind::integer, false, "1"}}}};
    return made;
  }

  int below(int bound) { return static_cast<int>(random_() % static_cast<unsigned>(bound)); }

  void write() {
    const std::int64_t id = 1 + below(30);
    for (const auto& pending : pending_)
      if (pending.id == id) return;  // locked
    const auto at = items_.stamp(items_.now - setup_.clock_behind);
    const bool born = !items_.rows().contains(id);
    // A row deleted and born again is new to some and known to others.
    if (!born && below(10) == 0 && setup_.event == Event::updated && setup_.include_created) return items_.remove(id);
    Pending pending{.commit_at = items_.now,
                    .id = id,
                    .item = {.version = ++version_, .flag = below(2)},
                    .updated = at,
                    .created = at};
    if (setup_.nulls && below(3) == 0) (setup_.event == Event::created ? pending.created : pending.updated) = "NULL";
    if (below(5) == 0) pending.commit_at += milliseconds(below(4000));
    if (below(12) == 0) return;  // rolled back
    pending_.push_back(pending);
    commit_due();
  }

  void commit_due() {
    std::erase_if(pending_, [this](const Pending& pending) {
      if (pending.commit_at > items_.now) return false;
      items_.put(pending.id, pending.item, pending.updated, pending.created);
      return true;
    });
  }

  void poll() {
    Death death;
    if (setup_.dies && below(2) == 0) (below(2) == 0 ? death.rows : death.parts) = 1 + below(8);
    if (!std::exchange(begun_, true))
      for (const auto& [id, item] : items_.rows()) first_view_[id] = item.version;
    auto source = items_.source();
    const auto went = conductor_.poll(source, death);
    if (went == Went::wrong) complaints_.push_back(conductor_.error);
    if (went != Went::whole) return;
    if (!std::exchange(whole_, true))
      for (const auto& [id, item] : items_.rows()) last_of_first_[id] = item.version;
    if (setup_.plain_cursor) {  // no looking back
      auto state = nlohmann::json::parse(conductor_.checkpoint);
      if (state.contains("bound")) state["bound"] = state.at("newest");
      conductor_.checkpoint = state.dump();
    }
  }

  std::vector<std::int64_t> given(std::int64_t id) const {
    std::vector<std::int64_t> versions;
    for (const auto& one : conductor_.with("id", id)) versions.push_back(one.record.at("version"));
    return versions;
  }

  void expect(bool holds, std::int64_t id, const std::string& what) {
    if (!holds) complaints_.push_back("row " + std::to_string(id) + ": " + what);
  }

  void judge() {
    for (const auto& [id, item] : items_.rows()) {
      if (setup_.filtered && item.flag != 1) continue;
      const auto versions = given(id);
      const bool up_to_date = !versions.empty() && versions.back() == item.version;
      const bool there_before = is(first_view_, id, item.version);
      const bool changed_since = !is(last_of_first_, id, item.version);
      const bool known = last_of_first_.contains(id);
      if (setup_.event == Event::created) {
        expect(versions.size() <= 1, id, "was born twice");
        expect(setup_.filtered || !(setup_.include_all || !known) || versions.size() == 1, id, "its birth was missed");
        expect(setup_.include_all || !first_view_.contains(id) || versions.empty(), id, "was there before");
      } else if (!setup_.include_created) {
        expect(!changed_since || !known || up_to_date, id, "a change was missed");
        expect(setup_.include_all || !there_before || versions.empty(), id, "was there before");
      } else {
        expect(!(setup_.include_all || changed_since) || up_to_date, id, "its latest version was missed");
        expect(setup_.include_all || !there_before || versions.empty(), id, "was there before");
      }
    }
    std::set<std::int64_t> seen;
    for (const auto& one : conductor_.received)
      expect(seen.insert(one.record.at("version").get<std::int64_t>()).second, one.record.at("id"), "came twice");
    expect(conductor_.known.size() < 200, 0, "known rows gather");
  }

  static bool is(const std::map<std::int64_t, std::int64_t>& versions, std::int64_t id, std::int64_t version) {
    const auto at = versions.find(id);
    return at != versions.end() && at->second == version;
  }

  Setup setup_;
  std::mt19937 random_;
  SqliteItems items_;
  Conductor conductor_;
  std::vector<Pending> pending_;
  std::int64_t version_ = 0;
  bool begun_ = false;
  bool whole_ = false;
  std::vector<std::string> complaints_;
  std::map<std::int64_t, std::int64_t> first_view_;     // when the first poll began
  std::map<std::int64_t, std::int64_t> last_of_first_;  // when it was whole
};

void try_seeds(Setup setup, unsigned count = 4) {
  for (const auto times :
       {Times::sql_micros, Times::sql_seconds, Times::iso_millis, Times::mixed, Times::seconds, Times::millis}) {
    setup.times = times;
    for (unsigned seed = 1; seed <= count; ++seed)
      ASSERT_EQ(History(seed, setup).run(), std::vector<std::string>())
          << "times " << static_cast<int>(times) << " seed " << seed;
  }
}

TEST(TimestampPoll, MissesNothingAndSendsNothingTwice) {
  try_seeds({});
}
TEST(TimestampPoll, WhenItDies) {
  try_seeds({.dies = true});
}
TEST(TimestampPoll, FirstSync) {
  try_seeds({.include_all = true});
}
TEST(TimestampPoll, FirstSyncThatDies) {
  try_seeds({.include_all = true, .dies = true});
}
TEST(TimestampPoll, WithoutTimes) {
  try_seeds({.nulls = true, .dies = true});
}
TEST(TimestampPoll, WithoutTimesFirstSync) {
  try_seeds({.include_all = true, .nulls = true, .dies = true});
}
TEST(TimestampPoll, EmptyAtFirst) {
  try_seeds({.nulls = true, .empty_first = true});
}
TEST(TimestampPoll, Filtered) {
  try_seeds({.filtered = true, .dies = true});
}
TEST(TimestampPoll, FarFuture) {
  try_seeds({.far_future = true});
}
TEST(TimestampPoll, ClockBehind) {
  try_seeds({.clock_behind = hours(5)});
}
TEST(TimestampPoll, ClockAhead) {
  try_seeds({.clock_behind = hours(-5)});
}
TEST(TimestampPoll, ClockBehindAndFarFuture) {
  try_seeds({.far_future = true, .clock_behind = hours(5), .dies = true});
}
TEST(TimestampPoll, Created) {
  try_seeds({.event = Event::created, .dies = true});
}
TEST(TimestampPoll, CreatedFirstSync) {
  try_seeds({.event = Event::created, .include_all = true, .nulls = true, .dies = true});
}
TEST(TimestampPoll, CreatedFromEmpty) {
  try_seeds({.event = Event::created, .empty_first = true});
}
TEST(TimestampPoll, ChangedOnly) {
  try_seeds({.include_created = false, .dies = true});
}
TEST(TimestampPoll, ChangedOnlyFiltered) {
  try_seeds({.include_created = false, .filtered = true, .nulls = true});
}
TEST(TimestampPoll, ChangedOnlyFromEmpty) {
  try_seeds({.include_created = false, .empty_first = true});
}

TEST(TimestampPoll, TheseHistoriesFindAPlainCursorOut) {
  int found = 0;
  for (unsigned seed = 1; seed <= 20; ++seed) found += History(seed, {.plain_cursor = true}).run().empty() ? 0 : 1;
  EXPECT_GE(found, 15);
}

// Two rows and a webhook that has polled once.
class TimestampPollCase : public ::testing::Test {
 protected:
  explicit TimestampPollCase(Times times = Times::sql_seconds) : items(times), conductor(webhook(), items.describe()) {}

  static config::Webhook webhook() {
    auto made = a_webhook(DbType::sqlite, Event::updated);
    made.detect = config::Detect::timestamp;
    made.lookback = seconds(5);
    return made;
  }
  void put(std::int64_t id, std::int64_t version, const std::string& stamp) {
    items.put(id, {.version = version}, stamp, stamp);
  }
  Went poll() {
    auto source = items.source();
    return conductor.poll(source);
  }
  std::vector<std::int64_t> versions() const {
    std::vector<std::int64_t> found;
    for (const auto& one : conductor.received) found.push_back(one.record.at("version"));
    return found;
  }
  using Versions = std::vector<std::int64_t>;

  SqliteItems items;
  Conductor conductor;
};

TEST_F(TimestampPollCase, TwoChangesInOneSecondAreBothSent) {
  put(1, 1, items.stamp(items.now));
  EXPECT_EQ(poll(), Went::whole);
  put(1, 2, items.stamp(items.now));
  EXPECT_EQ(poll(), Went::whole);
  put(1, 3, items.stamp(items.now));
  put(2, 4, items.stamp(items.now));
  EXPECT_EQ(poll(), Went::whole);
  EXPECT_EQ(poll(), Went::whole);
  EXPECT_EQ(versions(), Versions({2, 3, 4}));
}

TEST_F(TimestampPollCase, CheckedAtStartsThere) {
  put(1, 1, items.stamp(items.now - hours(3)));
  put(2, 2, items.stamp(items.now - hours(2)));
  put(3, 3, items.stamp(items.now - hours(1)));
  put(4, 4, "NULL");
  conductor.webhook.checked_at = items.now - hours(2);
  EXPECT_EQ(poll(), Went::whole);
  EXPECT_EQ(versions(), Versions({2, 3}));
  EXPECT_EQ(poll(), Went::whole);
  EXPECT_EQ(versions(), Versions({2, 3}));
}

TEST_F(TimestampPollCase, WhatIsNoTimeIsAnErrorThatNamesTheColumn) {
  put(1, 1, items.stamp(items.now));
  put(2, 2, "'next week'");
  EXPECT_EQ(poll(), Went::wrong);
  EXPECT_NE(conductor.error.find("updated_at"), std::string::npos) << conductor.error;
  EXPECT_NE(conductor.error.find("detect: snapshot"), std::string::npos) << conductor.error;
}

TEST_F(TimestampPollCase, ATimeOfAnotherZoneIsNoStampThatOrders) {
  put(1, 1, items.stamp(items.now));
  put(2, 2, "'2026-11-23 09:00:00+02:00'");
  conductor.webhook.include_all = true;
  EXPECT_EQ(poll(), Went::wrong);
  EXPECT_NE(conductor.error.find("not a time in UTC"), std::string::npos) << conductor.error;
}

TEST_F(TimestampPollCase, SecondsAndMillisecondsInOneColumnAreAnError) {
  put(1, 1, "1700000000");
  put(2, 2, "1700000000000");
  conductor.webhook.include_all = true;
  EXPECT_EQ(poll(), Went::wrong);
  EXPECT_NE(conductor.error.find("different units"), std::string::npos) << conductor.error;
}

TEST_F(TimestampPollCase, ABornRowMovedLaterIsNotBornAgain) {
  conductor.webhook.event = Event::created;
  EXPECT_EQ(poll(), Went::whole);
  put(1, 1, items.stamp(items.now));
  EXPECT_EQ(poll(), Went::whole);
  for (int i = 0; i < 5; ++i) {
    items.now += seconds(3);
    items.execute("UPDATE items SET created_at = " + items.stamp(items.now));
    EXPECT_EQ(poll(), Went::whole);
  }
  EXPECT_EQ(versions(), Versions({1}));
}

TEST_F(TimestampPollCase, KnownRowsAreThoseOfTheWindow) {
  for (int i = 1; i <= 50; ++i) {
    items.now += seconds(1);
    put(i, i, items.stamp(items.now));
    EXPECT_EQ(poll(), Went::whole);
  }
  EXPECT_EQ(versions().size(), 49U);  // the first was there before
  EXPECT_LE(conductor.known.size(), 7U);
}

TEST_F(TimestampPollCase, AnEndlessColumnValueIsReadOnce) {
  conductor.table.columns[4].kind = Kind::timestamp;
  EXPECT_EQ(poll(), Went::whole);
  put(1, 1, items.stamp(items.now));
  put(2, 2, "'9999-12-31 23:59:59'");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(poll(), Went::whole);
  EXPECT_EQ(versions(), Versions({1, 2}));
}

}  // namespace
}  // namespace vhookd::testing
