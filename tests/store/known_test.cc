// Known rows: what is remembered, forgotten and dropped with its epoch; range reads over many.
#include <sqlite3.h>

#include <fstream>
#include <map>
#include <random>
#include <sstream>

#include "store/sqlite/schema.h"
#include "tests/store/fixture.h"
#include "tests/support/paths.h"

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
      const auto rows = store_->known_after("a", "", 100'000).value();
      for (const auto& each : rows) poll.forget.push_back(each.key);
    }
    ok(store_->commit(poll));
    if (round % 10 == 0) open();
    ASSERT_EQ(*store_->known_count("a"), static_cast<std::int64_t>(expected.size())) << round;
    auto at = expected.begin();
    for (std::string after;;) {
      const auto rows = store_->known_after("a", after, 1 + up_to(700)).value();
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
    for (int i = 0; i < 20; ++i) {
      const auto key = some_key();
      const auto found = store_->known("a", key).value();
      ASSERT_EQ(found.has_value(), expected.contains(key)) << key;
      if (found.has_value()) {
        ASSERT_EQ(found->digest, expected.at(key).digest);
      }
    }
  }
}

TEST_F(KnownTest, ChangesHereAndThereWriteNoMoreThanTheirBlocks) {
  constexpr int kRows = 50'000;
  auto poll = part("a");
  for (int i = 0; i < kRows; ++i) poll.remember.push_back(row(key_of(i)));
  ok(store_->commit(poll));
  open();  // the WAL begins anew
  poll.remember.clear();
  for (int i = 0; i < kRows; i += 1000) poll.remember.push_back(row(key_of(i), 0, 'e'));
  ok(store_->commit(poll));
  // 50 rows, each with its page, and those of the webhook beside them.
  EXPECT_LT(std::filesystem::file_size(folder_ + "/state.db-wal"), 75U * page_bytes);
  EXPECT_EQ(*store_->known_count("a"), kRows);
}

class KnownFileTest : public KnownTest {
 protected:
  void sql(const std::string& script) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open((folder_ + "/state.db").c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, script.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }
};

TEST_F(KnownFileTest, RowsOfVersion1AreKept) {
  store_.reset();
  for (const char* name : {"/state.db", "/state.db-wal"}) std::filesystem::remove(folder_ + name);
  std::ostringstream script;
  script << std::ifstream(source_dir() + "/tests/store/version_1.sql").rdbuf();
  sql(script.str());
  // a: 10,000 rows of its epoch 1; b: epoch 3, and the rows of epoch 2 not swept yet.
  sql(R"(WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
         INSERT INTO known SELECT 1, 1, CAST(printf('%08d', i) AS BLOB), CAST(printf('%016d', i) AS BLOB),
                                  CASE WHEN i % 2 THEN i ELSE 0 END, i % 3 = 0 FROM n;
         INSERT INTO known VALUES (2, 2, x'01', x'02', 0, 1), (2, 3, x'00', x'ff', -1, 0), (2, 3, x'03', x'', 9, 1);
         INSERT INTO stale VALUES (2, 3);
         UPDATE webhook SET known_rows = 10000, unmarked = 1 WHERE id = 'a';
         UPDATE webhook SET known_rows = 2, unmarked = 0, epoch = 3 WHERE id = 'b';)");
  open();
  EXPECT_EQ(keys("b"), (Keys{std::string(1, '\0'), "\x03"}));
  EXPECT_EQ(store_->known("b", std::string(1, '\0')).value()->mark, -1);
  EXPECT_EQ(*store_->known_count("a"), 10000);
  const auto rows = store_->known_after("a", "", 20'000).value();
  ASSERT_EQ(rows.size(), 10000U);
  for (int i = 0; i < 10000; ++i) {
    const auto& each = rows[static_cast<std::size_t>(i)];
    ASSERT_EQ(each.key, key_of(i));
    ASSERT_EQ(each.digest, "00000000" + key_of(i));
    ASSERT_EQ(each.mark, i % 2 == 0 ? 0 : i);
    ASSERT_EQ(each.matched, i % 3 == 0);
    ASSERT_EQ(store_->known("a", each.key).value()->digest, each.digest);
  }
  auto poll = part("a");
  poll.forget_below = 5000;
  ok(store_->commit(poll));
  EXPECT_EQ(*store_->known_count("a"), 2500);
}

TEST_F(KnownFileTest, ADamagedBlockIsTheOperators) {
  auto poll = part("a");
  poll.remember = {row("k"), row("l")};
  ok(store_->commit(poll));
  store_.reset();
  sql("UPDATE known_block SET packed = substr(packed, 1, length(packed) - 1)");
  open();
  refused(store_->known("a", "m"), Recourse::ask_operator, "is damaged");
  refused(store_->known_after("a", "", 10), Recourse::ask_operator, "is damaged");
  refused(store_->commit(poll), Recourse::ask_operator, "is damaged");
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
