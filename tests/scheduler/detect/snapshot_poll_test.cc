// The snapshot strategy over a real SQLite table: what is new, changed and gone, told by comparison alone.
#include "scheduler/detect/snapshot/snapshot_method.h"

#include <gtest/gtest.h>

#include <random>
#include <utility>

#include "core/key.h"
#include "tests/scheduler/detect/snapshot_case.h"

namespace vhookd::testing {
namespace {

using config::Event;

struct Setup {
  Event event = Event::updated;
  bool include_all = false;
  bool include_created = true;
  bool filtered = false;
  bool soft = false;
  bool dies = false;
  bool reverts = false;  // rows become again what they were
};

// Follows what the receiver should be told, poll by poll.
class History {
 public:
  History(unsigned seed, const Setup& setup)
      : setup_(setup), random_(seed), conductor_(webhook(setup), items_.describe(), 1 + static_cast<int>(seed % 4)) {
    conductor_.part_known_rows = 3;
    conductor_.range_rows = (setup.reverts ? 4 : 1) + seed % 7;
  }

  // What a receiver would complain of; nothing: all is well.
  std::vector<std::string> run() {
    for (int i = 0; i < 25; ++i) write();
    for (int i = 0; i < 100 && complaints_.empty(); ++i) {
      if (below(100) < 80) {
        write();
      } else {
        poll();
      }
    }
    setup_.dies = false;
    poll();
    poll();
    judge();
    return complaints_;
  }

 private:
  static config::Webhook webhook(const Setup& setup) {
    auto made = a_webhook(DbType::sqlite, setup.event);
    made.detect = config::Detect::snapshot;
    made.include_all = setup.include_all;
    made.include_created = setup.include_created;
    if (setup.soft) made.columns.edit().deleted = "gone";
    if (setup.filtered)
      made.filters = {{.column = "flag", .op = config::Op::eq, .values = {{Kind::integer, false, "1"}}}};
    return made;
  }

  int below(int bound) { return static_cast<int>(random_() % static_cast<unsigned>(bound)); }

  void write() {
    const std::int64_t id = 1 + below(setup_.reverts ? 12 : 40);
    if (setup_.reverts && !undo_.empty() && below(4) == 0) {
      for (int i = below(6); i >= 0; --i) take_back();
      return;
    }
    undo_.emplace_back(id, items_.rows().contains(id) ? std::optional(items_.rows().at(id)) : std::nullopt);
    if (items_.rows().contains(id) && below(4) == 0) return items_.remove(id);
    items_.put(id, {.version = ++version_, .flag = below(2), .gone = setup_.soft && below(4) == 0}, "NULL", "NULL");
  }

  // The last write undone.
  void take_back() {
    if (undo_.empty()) return;
    const auto [id, before] = undo_.back();
    undo_.pop_back();
    if (before) {
      items_.put(id, *before, "NULL", "NULL");
    } else if (items_.rows().contains(id)) {
      items_.remove(id);
    }
  }

  // The keys a receiver takes to be there.
  std::map<std::int64_t, Item> there() const {
    std::map<std::int64_t, Item> rows;
    for (const auto& [id, item] : items_.rows())
      if (!item.gone) rows.emplace(id, item);
    return rows;
  }

  void poll() {
    Death death;
    if (setup_.dies && below(2) == 0) (below(2) == 0 ? death.rows : death.parts) = 1 + below(12);
    if (!std::exchange(begun_, true)) first_view_ = items_.rows();
    const auto before = conductor_.received.size();
    const auto view = there();
    auto look_again = items_.rows();
    auto source = items_.source();
    const auto went = conductor_.poll(source, death);
    if (went == Went::wrong) complaints_.push_back(conductor_.error);
    for (auto i = before; i < conductor_.received.size(); ++i) told(conductor_.received[i].record);
    if (went != Went::whole) return;
    if (setup_.reverts) compare_with_a_newcomer();
    if (!std::exchange(whole_, true)) last_of_first_ = items_.rows();
    if (setup_.event == Event::deleted) expect_gone(view);
    at_last_whole_ = view;
    told_gone_.clear();
  }

  void told(const nlohmann::json& record) {
    const std::int64_t id = record.at("id");
    if (setup_.event == Event::deleted) {
      expect(told_gone_.insert(id).second, id, "its end came twice");
    } else {
      const std::int64_t version = record.at("version");
      expect(seen_.insert(version).second || setup_.reverts, id, "came twice");
      if (given_[id].empty() || given_[id].back() != version) given_[id].push_back(version);
    }
  }

  // All that were there at the last whole poll and are not any more, and no others.
  void expect_gone(const std::map<std::int64_t, Item>& view) {
    for (const auto& [id, item] : at_last_whole_) {
      if (setup_.filtered) continue;
      expect(view.contains(id) || told_gone_.contains(id), id, "its end was missed");
    }
    for (const auto id : told_gone_) expect(!view.contains(id) || setup_.dies, id, "is still there");
  }

  void expect(bool holds, std::int64_t id, const std::string& what) {
    if (!holds) complaints_.push_back("row " + std::to_string(id) + ": " + what);
  }

  // What is known of the rows is what one who reads them all for the first time knows.
  void compare_with_a_newcomer() {
    Conductor newcomer(webhook(setup_), items_.describe());
    newcomer.poll_all(items_.source());
    const auto text = [&](const Conductor& one) {
      std::string all;
      for (const auto& [key, row] : one.known)
        all += key + (setup_.event == Event::deleted ? "" : row.digest) + (row.matched ? "+" : "-");
      return all;
    };
    expect(text(conductor_) == text(newcomer), 0, "the known rows are not those of the table");
  }

  void judge() {
    compare_with_a_newcomer();
    if (setup_.event == Event::deleted) return;
    expect(conductor_.known.size() == items_.rows().size(), 0, "known rows differ from the table's");
    for (const auto& [id, item] : items_.rows()) {
      if (setup_.filtered && item.flag != 1) continue;
      const auto& versions = given_[id];
      const bool up_to_date = !versions.empty() && versions.back() == item.version;
      const bool there_before =
          !setup_.reverts && first_view_.contains(id) && first_view_.at(id).version == item.version;
      const bool known = last_of_first_.contains(id);
      const bool changed_since = !known || last_of_first_.at(id).version != item.version;
      if (setup_.event == Event::created) {
        expect(setup_.filtered || known || !versions.empty(), id, "its birth was missed");
        expect(setup_.include_all || !there_before || versions.empty(), id, "was there before");
      } else if (setup_.include_created) {
        expect(!(setup_.include_all || changed_since) || up_to_date, id, "its latest version was missed");
        expect(setup_.include_all || !there_before || versions.empty(), id, "was there before");
      }
    }
  }

  Setup setup_;
  std::mt19937 random_;
  SqliteItems items_{Times::sql_seconds};
  Conductor conductor_;
  std::int64_t version_ = 0;
  std::vector<std::pair<std::int64_t, std::optional<Item>>> undo_;
  bool begun_ = false;
  bool whole_ = false;
  std::vector<std::string> complaints_;
  std::map<std::int64_t, Item> first_view_, last_of_first_, at_last_whole_;
  std::map<std::int64_t, std::vector<std::int64_t>> given_;
  std::set<std::int64_t> seen_;
  std::set<std::int64_t> told_gone_;
};

void try_seeds(const Setup& setup, unsigned count = 25) {
  for (unsigned seed = 1; seed <= count; ++seed)
    ASSERT_EQ(History(seed, setup).run(), std::vector<std::string>()) << "seed " << seed;
}

TEST(SnapshotPoll, MissesNothingAndSendsNothingTwice) {
  try_seeds({});
}
TEST(SnapshotPoll, WhenItDies) {
  try_seeds({.dies = true});
}
TEST(SnapshotPoll, FirstSyncThatDies) {
  try_seeds({.include_all = true, .dies = true});
}
TEST(SnapshotPoll, Filtered) {
  try_seeds({.filtered = true, .dies = true});
}
TEST(SnapshotPoll, Created) {
  try_seeds({.event = Event::created, .dies = true});
}
TEST(SnapshotPoll, CreatedFiltered) {
  try_seeds({.event = Event::created, .filtered = true});
}
TEST(SnapshotPoll, ChangedOnly) {
  try_seeds({.include_created = false, .dies = true});
}
TEST(SnapshotPoll, Deleted) {
  try_seeds({.event = Event::deleted});
}
TEST(SnapshotPoll, DeletedFiltered) {
  try_seeds({.event = Event::deleted, .filtered = true, .dies = true});
}
TEST(SnapshotPoll, DeletedWhenItDies) {
  try_seeds({.event = Event::deleted, .dies = true});
}
TEST(SnapshotPoll, DeletedSoftly) {
  try_seeds({.event = Event::deleted, .soft = true, .dies = true});
}

TEST(SnapshotPoll, WhatComesBackAsItWas) {
  for (const auto event : {Event::updated, Event::deleted, Event::created})
    try_seeds({.event = event, .filtered = true, .dies = true, .reverts = true}, 40);
  try_seeds({.include_all = true, .dies = true, .reverts = true}, 40);
}

TEST_F(SnapshotPollCase, TheMergeHoldsAtEveryBorderOfTheKnownRows) {
  watch(Event::deleted);
  for (const int rows : {999, 1000, 1001, 2000, 2001}) {
    items.execute("DELETE FROM items");
    conductor.checkpoint.clear();
    conductor.known.clear();
    conductor.ranges.clear();
    conductor.received.clear();
    items.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(rows) +
                  ") INSERT INTO items SELECT i, i, 0, 0, NULL, NULL FROM n");
    poll();
    EXPECT_EQ(conductor.known.size(), static_cast<std::size_t>(rows));
    items.execute("DELETE FROM items WHERE id IN (1, 999, 1000, 1001, 2000)");
    poll();
    Ids expected;
    for (const int id : {1, 999, 1000, 1001, 2000})
      if (id <= rows) expected.push_back(id);
    EXPECT_EQ(ids(), expected) << rows;
    items.execute("DELETE FROM items");
    poll();
    poll();
    EXPECT_EQ(conductor.received.size(), static_cast<std::size_t>(rows));
    EXPECT_TRUE(conductor.known.empty());
  }
}

TEST_F(SnapshotPollCase, ADeletionIsLookedUpOnceMore) {
  watch(Event::deleted);
  for (int i = 1; i <= 3; ++i) put(i, {.version = i});
  poll();
  items.remove(1);
  items.remove(2);
  poll([this] {
    if (!items.rows().contains(2)) put(2, {.version = 9});  // back before anybody was told
  });
  EXPECT_EQ(ids(), Ids({1}));
  poll();
  EXPECT_EQ(ids(), Ids({1}));
  items.remove(2);
  poll();
  EXPECT_EQ(ids(), Ids({1, 2}));
}

TEST_F(SnapshotPollCase, ARecordOfAGoneRowHoldsItsKey) {
  watch(Event::deleted);
  put(7, {.version = 1});
  poll();
  items.remove(7);
  poll();
  EXPECT_EQ(records(), nlohmann::json::parse(R"([{"id":7}])"));
}

TEST_F(SnapshotPollCase, ASoftlyDeletedRowIsSentWholeWithItsKey) {
  watch(Event::deleted);
  conductor.webhook.columns.edit().deleted = "gone";
  conductor.webhook.fields = {"version"};
  put(7, {.version = 1});
  put(8, {.version = 2, .gone = true});
  poll();
  put(7, {.version = 3, .gone = true});
  poll();
  EXPECT_EQ(records(), nlohmann::json::parse(R"([{"id":7,"version":3}])"));
  put(7, {.version = 4});
  poll();
  items.remove(7);
  poll();
  EXPECT_EQ(records(), nlohmann::json::parse(R"([{"id":7,"version":3},{"id":7}])"));
}

TEST_F(SnapshotPollCase, ARowThatStoppedMatchingIsNoDeletion) {
  watch(Event::deleted);
  conductor.webhook.filters = {{.column = "flag", .op = config::Op::eq, .values = {{Kind::integer, false, "1"}}}};
  put(1, {.version = 1, .flag = 1});
  put(2, {.version = 2, .flag = 1});
  put(3, {.version = 3, .flag = 0});
  poll();
  put(1, {.version = 4, .flag = 0});
  poll();
  EXPECT_EQ(ids(), Ids());
  items.remove(1);
  items.remove(2);
  items.remove(3);
  poll();
  EXPECT_EQ(ids(), Ids({2}));
}

TEST_F(SnapshotPollCase, MoreGoneThanOnePollHoldsWaitForTheNext) {
  watch(Event::deleted);
  items.execute(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100050) "
      "INSERT INTO items SELECT i, i, 0, 0, NULL, NULL FROM n");
  conductor.part_bytes = 1 << 20;
  conductor.part_known_rows = 5000;
  poll();
  items.execute("DELETE FROM items");
  poll();
  EXPECT_TRUE(conductor.more);
  EXPECT_EQ(conductor.received.size(), 100'000U);
  poll();
  EXPECT_FALSE(conductor.more);
  EXPECT_EQ(conductor.received.size(), 100'050U);
}

TEST_F(SnapshotPollCase, ASilentBaselineCutShortSendsWhatChangedMeanwhile) {
  watch(Event::updated);
  for (int i = 1; i <= 30; ++i) put(i, {.version = i});
  auto source = items.source();
  ASSERT_EQ(conductor.poll(source, {.rows = {}, .parts = 2}), Went::cut);
  put(1, {.version = 101});   // noted already
  put(30, {.version = 130});  // not noted yet: where it is now is where the webhook starts
  items.remove(2);
  poll();
  EXPECT_EQ(ids(), Ids({1}));
  put(30, {.version = 131});
  poll();
  EXPECT_EQ(ids(), Ids({1, 30}));
}

TEST_F(SnapshotPollCase, RowsWithOneKeyAreAnErrorNotADeletion) {
  watch(Event::deleted);
  conductor.webhook.columns.edit().key = {"version"};
  put(1, {.version = 1});
  put(2, {.version = 1});
  auto source = items.source();
  EXPECT_EQ(conductor.poll(source), Went::wrong);
  EXPECT_NE(conductor.error.find("same key"), std::string::npos) << conductor.error;
}

}  // namespace
}  // namespace vhookd::testing
