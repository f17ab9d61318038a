// The ranges of the key that the snapshot strategy has the server fingerprint: which are read, cut, joined and kept.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/scheduler/detect/snapshot_case.h"

namespace vhookd::testing {
namespace {

using config::Event;

// Rows 1 to `last`, polled once.
class SnapshotRanges : public SnapshotPollCase {
 protected:
  void fill(int last) {
    items.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(last) +
                  ") INSERT INTO items SELECT i, i, 0, 0, NULL, NULL FROM n");
    conductor.range_rows = 100;
    conductor.part_bytes = 1 << 20;
    conductor.part_known_rows = 50;
    watch(Event::updated);
  }
  std::size_t in_doubt() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(conductor.ranges, [](const auto& item) { return item.second.fingerprint.empty(); }));
  }
  std::int64_t rows_in_ranges() const {
    std::int64_t sum = 0;
    for (const auto& [first, range] : conductor.ranges) sum += range.rows;
    return sum;
  }
};

TEST_F(SnapshotRanges, OnlyThoseThatDifferAreRead) {
  fill(10'000);
  poll();
  EXPECT_EQ(conductor.ranges.size(), 100U);
  EXPECT_EQ(in_doubt(), 0U);
  poll();
  EXPECT_EQ(conductor.rows, 100) << "fingerprints, and no row";
  items.execute("UPDATE items SET version = 0 WHERE id IN (1, 5050, 5051, 10000)");
  poll();
  EXPECT_EQ(conductor.rows, 100 + 300);
  EXPECT_EQ(ids(), Ids({1, 5050, 5051, 10'000}));
  poll();
  EXPECT_EQ(conductor.rows, 100);
  EXPECT_EQ(rows_in_ranges(), 10'000);
}

TEST_F(SnapshotRanges, AreCutWhereRowsAreAddedAndJoinedWhereTheyGo) {
  fill(1000);
  poll();
  items.execute("INSERT INTO items SELECT id + 1000, id, 0, 0, NULL, NULL FROM items");
  poll();
  EXPECT_EQ(conductor.ranges.size(), 20U);
  items.execute("DELETE FROM items WHERE id % 10 > 0");
  poll();
  EXPECT_LE(conductor.ranges.size(), 8U);
  EXPECT_EQ(rows_in_ranges(), 200);
  items.execute("DELETE FROM items");
  poll();
  EXPECT_EQ(conductor.ranges.size(), 1U);
  poll();
  EXPECT_EQ(conductor.rows, 1);
}

TEST_F(SnapshotRanges, APollCutShortKeepsWhatItHasDone) {
  fill(1000);
  auto source = items.source();
  ASSERT_EQ(conductor.poll(source, {.rows = 750, .parts = {}}), Went::cut);
  EXPECT_EQ(in_doubt(), 1U);
  poll();
  EXPECT_LE(conductor.rows, 7 + 400);
  EXPECT_EQ(in_doubt(), 0U);
  EXPECT_EQ(rows_in_ranges(), 1000);
}

TEST_F(SnapshotRanges, AnUpdateIsNoDifferenceToWhoWaitsForDeletions) {
  fill(1000);
  watch(Event::deleted);
  poll();
  items.execute("UPDATE items SET version = version + 1");
  poll();
  EXPECT_EQ(conductor.rows, 10);
  items.execute("DELETE FROM items WHERE id = 500");
  poll();
  EXPECT_EQ(ids(), Ids({500}));
  EXPECT_EQ(in_doubt(), 0U) << "the one that is gone was forgotten, so the range is known again";
  poll();
  EXPECT_EQ(conductor.rows, 10);
}

TEST_F(SnapshotRanges, ARowThatIsBackAtTheSecondLookKeepsItsRangeInDoubt) {
  fill(300);
  watch(Event::deleted);
  poll();
  items.execute("DELETE FROM items WHERE id = 150");
  poll([this] { items.execute("INSERT OR IGNORE INTO items VALUES (150, 7, 0, 0, NULL, NULL)"); });
  EXPECT_EQ(ids(), Ids());
  EXPECT_EQ(in_doubt(), 1U);
  items.execute("DELETE FROM items WHERE id = 150");
  poll();
  EXPECT_EQ(ids(), Ids({150}));
}

TEST_F(SnapshotRanges, AreNotKeptWhereTheTableIsReadWhole) {
  fill(300);
  poll();
  EXPECT_EQ(conductor.ranges.size(), 3U);
  conductor.table.columns[0].nullable = true;
  items.execute("UPDATE items SET version = 0 WHERE id = 150");
  poll();
  EXPECT_EQ(ids(), Ids({150}));
  EXPECT_EQ(conductor.rows, 300);
  EXPECT_TRUE(conductor.ranges.empty());
}

}  // namespace
}  // namespace vhookd::testing
