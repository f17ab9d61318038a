// Known rows: what is remembered, forgotten and dropped with its epoch; range reads over many.
#include "tests/store/fixture.h"

namespace vhookd::testing {
namespace {

class KnownTest : public StoreTest {
 protected:
  KnownTest() { ok(store_->webhook("a")); }
  std::vector<std::string> keys(const std::string& id) {
    std::vector<std::string> found;
    const auto rows = store_->known_after(id, "", 1000).value();
    for (const auto& each : rows) found.push_back(each.key);
    EXPECT_EQ(*store_->known_count(id), static_cast<std::int64_t>(found.size()));
    return found;
  }
};

using Keys = std::vector<std::string>;

TEST_F(KnownTest, IsReplacedUnderTheSameKey) {
  auto poll = part("a");
  const std::string odd("\0\xff", 2);
  poll.remember = {row(odd, 1, 'x'), row("k", 2, 'y')};
  ok(store_->commit(poll));
  auto again = row("k", -3, '\0');
  again.matched = false;
  poll.remember = {again, row("l")};
  ok(store_->commit(poll));
  open();
  EXPECT_EQ(keys("a"), (Keys{odd, "k", "l"}));
  const auto known = store_->known("a", "k").value().value();
  EXPECT_EQ(known.digest, again.digest);
  EXPECT_EQ(known.mark, -3);
  EXPECT_FALSE(known.matched);
  EXPECT_EQ(store_->known("a", odd).value()->digest, std::string(16, 'x'));
  EXPECT_FALSE(store_->known("a", "m").value());
  EXPECT_FALSE(store_->known("nobody", "k").value());
}

TEST_F(KnownTest, IsForgottenByKey) {
  auto poll = part("a");
  poll.remember = {row("k"), row("l"), row("m")};
  ok(store_->commit(poll));
  poll.remember = {};
  poll.forget = {"l", "not there"};
  ok(store_->commit(poll));
  open();
  EXPECT_EQ(keys("a"), (Keys{"k", "m"}));
}

TEST_F(KnownTest, IsForgottenBelowAMarkZeroAndLessAmongThem) {
  auto poll = part("a");
  poll.remember = {row("a", -5), row("b", 0), row("c", 10), row("d", 20)};
  ok(store_->commit(poll));
  poll.remember = {};
  poll.forget_below = 0;
  ok(store_->commit(poll));
  open();
  EXPECT_EQ(keys("a"), (Keys{"b", "c", "d"}));
  poll.forget_below = 11;
  ok(store_->commit(poll));
  open();
  EXPECT_EQ(keys("a"), (Keys{"d"}));
  poll.remember = {row("e", 0), row("f", 50)};
  ok(store_->commit(poll));
  EXPECT_EQ(keys("a"), (Keys{"d", "f"})) << "remembered first, then forgotten";
}

TEST_F(KnownTest, ANewEpochStartsEmptyAndTheOldOneIsSwept) {
  auto poll = part("a");
  for (int i = 0; i < 10000; ++i) poll.remember.push_back(row(key_of(i)));
  ok(store_->commit(poll));
  ok(store_->webhook("b"));
  auto other = part("b");
  other.remember = {row("k")};
  ok(store_->commit(other));

  auto fresh = part("a");
  fresh.epoch = 2;
  fresh.fingerprint = "g";
  fresh.remember = {row("00000001")};
  ok(store_->commit(fresh));
  open();
  EXPECT_EQ(store_->webhook("a")->epoch, 2U);
  EXPECT_EQ(store_->webhook("a")->fingerprint, "g");
  EXPECT_EQ(keys("a"), (Keys{"00000001"}));

  const auto size = [&] { return std::filesystem::file_size(folder_ + "/state.db"); };
  for (int i = 0; i < 10; ++i) ok(store_->commit(other));
  open();
  const auto swept = size();
  EXPECT_EQ(keys("a"), (Keys{"00000001"}));
  EXPECT_EQ(keys("b"), (Keys{"k"}));
  // What was swept is used again: as many rows once more, and the file is no larger.
  poll.epoch = 2;
  ok(store_->commit(poll));
  open();
  EXPECT_EQ(*store_->known_count("a"), 10000);
  EXPECT_LT(size(), swept + swept / 10);

  poll.epoch = 1;
  refused(store_->commit(poll), Recourse::give_up, "its epoch is 1, the stored one 2");
}

TEST_F(KnownTest, AHundredThousandAreReadInRanges) {
  constexpr int kRows = 100'000;
  constexpr int kPart = 5'000;
  for (int i = 0; i < kRows; i += kPart) {
    auto poll = part("a");
    for (int j = 0; j < kPart; ++j) poll.remember.push_back(row(key_of((i + j) * 7 % kRows), i + j + 1));
    ok(store_->commit(poll));
  }
  EXPECT_EQ(*store_->known_count("a"), kRows);
  int next = 0;
  std::string after;
  while (true) {
    const auto rows = store_->known_after("a", after, 777).value();
    if (rows.empty()) break;
    for (const auto& each : rows) ASSERT_EQ(each.key, key_of(next++));
    after = rows.back().key;
  }
  EXPECT_EQ(next, kRows);
  EXPECT_EQ(store_->known("a", key_of(7)).value()->mark, 2);
  auto poll = part("a");
  poll.forget_below = kRows - 4;
  ok(store_->commit(poll));
  EXPECT_EQ(*store_->known_count("a"), 5);
  EXPECT_EQ(store_->known_after("a", "", 100)->size(), 5U);
}

TEST_F(KnownTest, RangesAreReplacedDroppedAndVoidWithTheirEpoch) {
  const auto ranges = [this] {
    std::string text;
    const auto known = store_->known_ranges("a").value();
    for (const auto& range : known)
      text += range.first + "=" + std::to_string(range.rows) + "/" + range.fingerprint + " ";
    return text;
  };
  auto poll = part("a");
  poll.ranges = {{"", 3, ""}, {"k", 2, "1,2"}, {"", 3, "5,6"}, {"m", 0, ""}};
  ok(store_->commit(poll));
  open();
  EXPECT_EQ(ranges(), "=3/5,6 k=2/1,2 m=0/ ");
  poll.ranges = {{"", 5, "6,8"}, {"k", 9, ""}};
  poll.dropped_ranges = {"k", "not there"};
  ok(store_->commit(poll));
  EXPECT_EQ(ranges(), "=5/6,8 m=0/ ");
  poll.no_ranges = true;
  poll.ranges = {{"x", 1, "1,1"}};
  poll.dropped_ranges = {};
  ok(store_->commit(poll));
  EXPECT_EQ(ranges(), "x=1/1,1 ");
  poll.epoch = 2;
  poll.no_ranges = false;
  poll.ranges = {};
  ok(store_->commit(poll));
  EXPECT_EQ(ranges(), "");
  EXPECT_EQ(store_->known_ranges("nobody").value().size(), 0U);
}

}  // namespace
}  // namespace vhookd::testing
