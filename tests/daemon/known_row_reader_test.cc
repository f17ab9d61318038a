// Look-ups answered from rows read ahead: they are what the store would answer, with few reads of it.
#include "daemon/engine/known_row_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace vhookd::testing {
namespace {

// Known rows in memory. Counts the reads.
class CountedRows final : public PollState {
 public:
  Result<std::vector<KnownRow>> known_from(const std::string&, const std::string& from, int limit) override {
    ++reads;
    if (broken) return fail(Recourse::retry, "no room");
    std::vector<KnownRow> found;
    for (auto at = rows.lower_bound(from); at != rows.end() && found.size() < static_cast<std::size_t>(limit); ++at)
      found.push_back(at->second);
    return found;
  }
  Result<std::vector<std::optional<KnownRow>>> known(const std::string&, std::span<const std::string>) override {
    return unused();
  }
  Result<WebhookState> webhook(const std::string&) override { return unused(); }
  Result<void> commit(const PollCommit&) override { return unused(); }
  Result<void> record_run(const std::string&, const Run&) override { return unused(); }
  Result<std::vector<Run>> runs(const std::string&) override { return unused(); }
  Result<void> checked(const std::vector<std::pair<std::string, Instant>>&) override { return unused(); }
  Result<std::int64_t> known_count(const std::string&) override { return unused(); }
  Result<std::vector<KnownRange>> known_ranges(const std::string&) override { return unused(); }

  std::map<std::string, KnownRow> rows;
  int reads = 0;
  bool broken = false;

 private:
  static std::unexpected<Error> unused() { return fail(Recourse::give_up, "not used by the reader"); }
};

std::string key_of(int number) {
  const std::string digits = std::to_string(number);
  return std::string(8 - digits.size(), '0') + digits;
}

class KnownRowReaderTest : public ::testing::Test {
 protected:
  // Every second number up to `count` is known.
  void fill(int count, char digest = 'd') {
    for (int i = 0; i < count; i += 2)
      store_.rows[key_of(i)] = {.key = key_of(i), .digest = std::string(16, digest), .mark = i, .matched = true};
  }
  void expect_right(const std::string& key) {
    const auto found = reader_.find(key);
    ASSERT_TRUE(found) << found.error().message;
    const auto expected = store_.rows.find(key);
    ASSERT_EQ(found->has_value(), expected != store_.rows.end()) << key;
    if (!found->has_value()) return;
    EXPECT_EQ((*found)->key, key);
    EXPECT_EQ((*found)->digest, expected->second.digest);
    EXPECT_EQ((*found)->mark, expected->second.mark);
  }

  CountedRows store_;
  KnownRowReader reader_{store_, "a"};
};

TEST_F(KnownRowReaderTest, AScanInKeyOrderTakesFewReads) {
  constexpr int rows = 20'000;
  fill(rows);
  for (int i = 0; i < rows; ++i) expect_right(key_of(i));
  EXPECT_LT(store_.reads, 20) << "of 1,000 rows and some smaller ones";
}

TEST_F(KnownRowReaderTest, KeysAfterTheLastKnownRowTakeNoRead) {
  fill(100);
  for (int i = 90; i < 100; ++i) expect_right(key_of(i));
  const int reads = store_.reads;
  for (int i = 100; i < 1000; ++i) expect_right(key_of(i));
  EXPECT_EQ(store_.reads, reads);
  for (int i = 0; i < 1000; ++i) expect_right(key_of(i));
}

TEST_F(KnownRowReaderTest, NothingIsKnown) {
  for (int i = 10; i > 0; --i) expect_right(key_of(i));
  for (int i = 0; i < 1000; ++i) expect_right(key_of(i));
  EXPECT_LE(store_.reads, 11);
}

TEST_F(KnownRowReaderTest, AnyOrderGetsTheSameAnswers) {
  fill(3000);
  const auto seed = static_cast<unsigned>(::testing::UnitTest::GetInstance()->random_seed()) + 1;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  int next = 0;
  for (int i = 0; i < 20'000; ++i) {
    // Stretches in key order between jumps, so that it reads little and much ahead.
    if (std::uniform_int_distribution<int>(0, 99)(random) < (i / 2000 % 2 == 0 ? 90 : 3))
      next = std::uniform_int_distribution<int>(0, 3100)(random);
    expect_right(key_of(next));
    next += std::uniform_int_distribution<int>(0, 3)(random);
  }
}

TEST_F(KnownRowReaderTest, AScanInAnotherOrderReadsLittleAhead) {
  fill(10'000);
  std::vector<std::string> keys;
  for (int i = 0; i < 5000; ++i) keys.push_back(key_of(i));
  for (const auto& key : keys) expect_right(key);
  std::ranges::reverse(keys);
  const int reads = store_.reads;
  for (const auto& key : keys) expect_right(key);
  EXPECT_LE(store_.reads - reads, 5000) << "no more than one for each";
}

TEST_F(KnownRowReaderTest, WhatACommitChangedIsSeenOnceCleared) {
  fill(100);
  expect_right(key_of(2));
  fill(50, 'e');
  store_.rows.erase(key_of(4));
  store_.rows[key_of(5)] = {.key = key_of(5), .digest = "x"};
  reader_.clear();
  for (int i = 0; i < 100; ++i) expect_right(key_of(i));
}

TEST_F(KnownRowReaderTest, AnErrorOfTheStoreIsReturnedAndTheNextReadWorks) {
  fill(100);
  store_.broken = true;
  const auto found = reader_.find(key_of(2));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().recourse, Recourse::retry);
  store_.broken = false;
  expect_right(key_of(2));
}

}  // namespace
}  // namespace vhookd::testing
