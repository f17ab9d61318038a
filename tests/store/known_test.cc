// Known rows: what is remembered, forgotten and dropped with its epoch; range reads over many.
#include <algorithm>
#include <map>
#include <random>

#include "tests/store/fixture.h"

namespace vhookd::testing {
namespace {

using Keys = std::vector<std::string>;

class KnownTest : public StoreTest {
 protected:
  KnownTest() { ok(store_->polls().webhook("a")); }
  std::vector<std::string> keys(const std::string& id) {
    std::vector<std::string> found;
    const auto rows = known_after(id, "", 1000).value();
    for (const auto& each : rows) found.push_back(each.key);
    EXPECT_EQ(*store_->polls().known_count(id), static_cast<std::int64_t>(found.size()));
    return found;
  }
};

TEST_F(KnownTest, IsReplacedUnderTheSameKey) {
  auto poll = part("a");
  const std::string odd("\0\xff", 2);
  poll.remember = {row(odd, 1, 'x'), row("k", 2, 'y')};
  ok(store_->polls().commit(poll));
  auto again = row("k", -3, '\0');
  again.matched = false;
  poll.remember = {again, row("l")};
  ok(store_->polls().commit(poll));
  open();
  EXPECT_EQ(keys("a"), (Keys{odd, "k", "l"}));
  const auto known = known_row("a", "k").value().value();
  EXPECT_EQ(known.digest, again.digest);
  EXPECT_EQ(known.mark, -3);
  EXPECT_FALSE(known.matched);
  EXPECT_EQ(known_row("a", odd).value()->digest, std::string(16, 'x'));
  EXPECT_FALSE(known_row("a", "m").value());
  EXPECT_FALSE(known_row("nobody", "k").value());
}

// The keys of three batches: in key order, in another order with one twice, and some that are not known.
TEST_F(KnownTest, ABatchAnswersEachKeyInItsPlace) {
  auto poll = part("a");
  for (int i = 0; i < 2000; i += 2) poll.remember.push_back(row(key_of(i), i + 1));
  ok(store_->polls().commit(poll));
  Keys all;
  for (int i = 0; i < 2000; ++i) all.push_back(key_of(i));
  const auto rows = store_->polls().known("a", all).value();
  ASSERT_EQ(rows.size(), all.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ASSERT_EQ(rows[i].has_value(), i % 2 == 0) << i;
    if (!rows[i]) continue;
    ASSERT_EQ(rows[i]->key, all[i]);
    ASSERT_EQ(rows[i]->mark, static_cast<std::int64_t>(i) + 1);
  }
  const Keys mixed = {key_of(1998), key_of(0), "", key_of(1000), key_of(0), "zzz", key_of(7)};
  const auto found = store_->polls().known("a", mixed).value();
  ASSERT_EQ(found.size(), mixed.size());
  for (const std::size_t i : {0, 1, 3, 4}) EXPECT_EQ(found[i].value().key, mixed[i]);
  for (const std::size_t i : {2, 5, 6}) EXPECT_FALSE(found[i]) << mixed[i];

  EXPECT_TRUE(store_->polls().known("a", Keys{}).value().empty());
  const auto nobody = store_->polls().known("nobody", Keys{"k", "l"}).value();
  ASSERT_EQ(nobody.size(), 2U);
  EXPECT_FALSE(nobody[0] || nobody[1]);
}

TEST_F(KnownTest, ARangeBeginsWithItsFirstKey) {
  auto poll = part("a");
  poll.remember = {row("b"), row("d")};
  ok(store_->polls().commit(poll));
  const auto first = [this](const std::string& from) {
    const auto rows = store_->polls().known_from("a", from, 1).value();
    return rows.empty() ? std::string() : rows.front().key;
  };
  EXPECT_EQ(first(""), "b");
  EXPECT_EQ(first("a"), "b");
  EXPECT_EQ(first("b"), "b");
  EXPECT_EQ(first(std::string("b\0", 2)), "d");
  EXPECT_EQ(first("d"), "d");
  EXPECT_EQ(first("e"), "");
}

TEST_F(KnownTest, IsForgottenByKey) {
  auto poll = part("a");
  poll.remember = {row("k"), row("l"), row("m")};
  ok(store_->polls().commit(poll));
  poll.remember = {};
  poll.forget = {"l", "not there"};
  ok(store_->polls().commit(poll));
  open();
  EXPECT_EQ(keys("a"), (Keys{"k", "m"}));
}

TEST_F(KnownTest, IsForgottenBelowAMarkZeroAndLessAmongThem) {
  auto poll = part("a");
  poll.remember = {row("a", -5), row("b", 0), row("c", 10), row("d", 20)};
  ok(store_->polls().commit(poll));
  poll.remember = {};
  poll.forget_below = 0;
  ok(store_->polls().commit(poll));
  open();
  EXPECT_EQ(keys("a"), (Keys{"b", "c", "d"}));
  poll.forget_below = 11;
  ok(store_->polls().commit(poll));
  open();
  EXPECT_EQ(keys("a"), (Keys{"d"}));
  poll.remember = {row("e", 0), row("f", 50)};
  ok(store_->polls().commit(poll));
  EXPECT_EQ(keys("a"), (Keys{"d", "f"})) << "remembered first, then forgotten";
}

TEST_F(KnownTest, ANewEpochStartsEmptyAndTheOldOneIsSwept) {
  auto poll = part("a");
  for (int i = 0; i < 10000; ++i) poll.remember.push_back(row(key_of(i)));
  ok(store_->polls().commit(poll));
  ok(store_->polls().webhook("b"));
  auto other = part("b");
  other.remember = {row("k")};
  ok(store_->polls().commit(other));

  auto fresh = part("a");
  fresh.epoch = 2;
  fresh.fingerprint = "g";
  fresh.remember = {row("00000001")};
  ok(store_->polls().commit(fresh));
  open();
  EXPECT_EQ(store_->polls().webhook("a")->epoch, 2U);
  EXPECT_EQ(store_->polls().webhook("a")->fingerprint, "g");
  EXPECT_EQ(keys("a"), (Keys{"00000001"}));

  for (int i = 0; i < 10; ++i) ok(store_->polls().commit(other));
  open();
  EXPECT_EQ(keys("a"), (Keys{"00000001"}));
  EXPECT_EQ(keys("b"), (Keys{"k"}));
  poll.epoch = 2;
  ok(store_->polls().commit(poll));
  open();
  EXPECT_EQ(*store_->polls().known_count("a"), 10000);

  poll.epoch = 1;
  refused(store_->polls().commit(poll), Recourse::give_up, "its epoch is 1, the stored one 2");
}

TEST_F(KnownTest, AHundredThousandAreReadInRanges) {
  constexpr int row_count = 100'000;
  constexpr int part_rows = 5'000;
  for (int i = 0; i < row_count; i += part_rows) {
    auto poll = part("a");
    for (int j = 0; j < part_rows; ++j) poll.remember.push_back(row(key_of((i + j) * 7 % row_count), i + j + 1));
    ok(store_->polls().commit(poll));
  }
  EXPECT_EQ(*store_->polls().known_count("a"), row_count);
  int next = 0;
  std::string after;
  while (true) {
    const auto rows = known_after("a", after, 777).value();
    if (rows.empty()) break;
    for (const auto& each : rows) ASSERT_EQ(each.key, key_of(next++));
    after = rows.back().key;
  }
  EXPECT_EQ(next, row_count);
  EXPECT_EQ(known_row("a", key_of(7)).value()->mark, 2);
  auto poll = part("a");
  poll.forget_below = row_count - 4;
  ok(store_->polls().commit(poll));
  EXPECT_EQ(*store_->polls().known_count("a"), 5);
  EXPECT_EQ(known_after("a", "", 100)->size(), 5U);
}

// Keys of all lengths, in any order, added, changed, forgotten and pruned by their marks: at each step the store
// holds what a plain map does.
TEST_F(KnownTest, IsWhatAMapWouldHold) {
  const auto seed = ::testing::UnitTest::GetInstance()->random_seed() + 1;
  SCOPED_TRACE(seed);
  std::mt19937 random(static_cast<unsigned>(seed));
  const auto up_to = [&](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
  const auto some_key = [&] {
    return key_of(up_to(3000)) + std::string(static_cast<std::size_t>(up_to(9) == 0 ? up_to(9000) : 0), 'k');
  };
  std::map<std::string, KnownRow> expected;
  for (int round = 0; round < 60; ++round) {
    auto poll = part("a");
    const int base = up_to(2000);
    for (int i = up_to(3) == 0 ? up_to(900) : up_to(5); i > 0; --i) {
      const auto key = round % 2 == 0 ? key_of(base + i) : some_key();
      auto now = row(key, up_to(2) == 0 ? 0 : up_to(4000) - 500, static_cast<char>('a' + up_to(20)));
      now.matched = up_to(1) == 0;
      poll.remember.push_back(now);
      expected[key] = now;
    }
    for (int i = up_to(3) == 0 ? up_to(300) : up_to(3); i > 0; --i) {
      const auto at = expected.lower_bound(key_of(up_to(3000)));
      poll.forget.push_back(at == expected.end() || up_to(9) == 0 ? some_key() : at->first);
      expected.erase(poll.forget.back());
    }
    if (up_to(5) == 0) {
      poll.forget_below = up_to(600) - 500;
      std::erase_if(expected, [&](const auto& entry) { return entry.second.mark < *poll.forget_below; });
    }
    if (up_to(19) == 0) {
      poll.remember.clear();
      poll.forget_below.reset();
      expected.clear();
      const auto rows = known_after("a", "", 100'000).value();
      for (const auto& each : rows) poll.forget.push_back(each.key);
    }
    ok(store_->polls().commit(poll));
    if (round % 10 == 0) open();
    ASSERT_EQ(*store_->polls().known_count("a"), static_cast<std::int64_t>(expected.size())) << round;
    auto at = expected.begin();
    for (std::string after;;) {
      const auto rows = known_after("a", after, 1 + up_to(700)).value();
      if (rows.empty()) break;
      for (const auto& each : rows) {
        ASSERT_NE(at, expected.end()) << round;
        ASSERT_EQ(each.key, at->first) << round;
        ASSERT_EQ(each.digest, at->second.digest);
        ASSERT_EQ(each.mark, at->second.mark);
        ASSERT_EQ(each.matched, at++->second.matched);
      }
      after = rows.back().key;
    }
    ASSERT_EQ(at, expected.end()) << round;
    Keys batch(static_cast<std::size_t>(up_to(300)));
    std::ranges::generate(batch, some_key);
    if (up_to(1) == 0) std::ranges::sort(batch);
    const auto in_batch = store_->polls().known("a", batch).value();
    ASSERT_EQ(in_batch.size(), batch.size());
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const auto expected_row = expected.find(batch[i]);
      ASSERT_EQ(in_batch[i].has_value(), expected_row != expected.end()) << batch[i];
      if (!in_batch[i]) continue;
      ASSERT_EQ(in_batch[i]->digest, expected_row->second.digest);
    }
    for (int i = 0; i < 20; ++i) {
      const auto key = some_key();
      const auto found = known_row("a", key).value();
      ASSERT_EQ(found.has_value(), expected.contains(key)) << key;
      if (found.has_value()) {
        ASSERT_EQ(found->digest, expected.at(key).digest);
      }
    }
  }
}

TEST_F(KnownTest, RangesAreReplacedDroppedAndVoidWithTheirEpoch) {
  const auto ranges = [this] {
    std::string text;
    const auto known = store_->polls().known_ranges("a").value();
    for (const auto& range : known)
      text += range.first + "=" + std::to_string(range.rows) + "/" + range.fingerprint + " ";
    return text;
  };
  auto poll = part("a");
  poll.ranges = {{"", 3, ""}, {"k", 2, "1,2"}, {"", 3, "5,6"}, {"m", 0, ""}};
  ok(store_->polls().commit(poll));
  open();
  EXPECT_EQ(ranges(), "=3/5,6 k=2/1,2 m=0/ ");
  poll.ranges = {{"", 5, "6,8"}, {"k", 9, ""}};
  poll.dropped_ranges = {"k", "not there"};
  ok(store_->polls().commit(poll));
  EXPECT_EQ(ranges(), "=5/6,8 m=0/ ");
  poll.no_ranges = true;
  poll.ranges = {{"x", 1, "1,1"}};
  poll.dropped_ranges = {};
  ok(store_->polls().commit(poll));
  EXPECT_EQ(ranges(), "x=1/1,1 ");
  poll.epoch = 2;
  poll.no_ranges = false;
  poll.ranges = {};
  ok(store_->polls().commit(poll));
  EXPECT_EQ(ranges(), "");
  EXPECT_EQ(store_->polls().known_ranges("nobody").value().size(), 0U);
}

}  // namespace
}  // namespace vhookd::testing
