// A state file of version 1 is brought up to date and keeps what it holds.
#include <fstream>
#include <sstream>

#include "tests/store/sqlite/backend.h"
#include "tests/support/paths.h"

namespace vhookd::testing {
namespace {

class UpgradeTest : public SqliteStoreTest {
 protected:
  void begin_with_version_1() {
    remove_files();
    std::ostringstream script;
    script << std::ifstream(source_dir() + "/tests/store/sqlite/version_1.sql").rdbuf();
    sql(script.str());
  }
  // Sequences, ids and bodies in the order in which they would be sent.
  std::string line(const std::string& id) {
    std::string text;
    while (const auto head = store_->outbox().head(id).value()) {
      text += std::to_string(head->page.sequence) + " " + head->page.id + " " + head->page.body + "\n";
      ok(store_->outbox().delivered(id, head->page.sequence));
    }
    return text;
  }
  std::vector<std::string> keys(const std::string& id) {
    std::vector<std::string> found;
    const auto rows = known_after(id, "", 1000).value();
    for (const auto& each : rows) found.push_back(each.key);
    EXPECT_EQ(*store_->polls().known_count(id), static_cast<std::int64_t>(found.size()));
    return found;
  }
};

using Keys = std::vector<std::string>;

TEST_F(UpgradeTest, AFileOfVersion1IsBroughtUpToDate) {
  begin_with_version_1();
  open();
  const auto state = store_->polls().webhook("a").value();
  EXPECT_EQ(state.queued_pages, 1);
  EXPECT_EQ(state.dead_pages, 1);
  EXPECT_EQ(state.holding_pages, 1);
  EXPECT_EQ(state.dead_bytes, 9);
  EXPECT_EQ(store_->polls().webhook("b")->dead_bytes, 0);
  EXPECT_EQ(store_->outbox().head("a").value()->page.body, "queued body");
  EXPECT_EQ(store_->outbox().dead("a")->at(0).page.body, "dead body");
  ok(store_->replays().request("a", {.dead = true}, ""));
  EXPECT_EQ(line("a"), "1 msg_1 dead body\n2 msg_2 queued body\n");
  EXPECT_EQ(*store_->outbox().bytes(), 4);
  ok(store_->definitions().define("b", R"({"event":"created"})"));
  EXPECT_EQ(store_->definitions().all()->size(), 1U);
  EXPECT_EQ(store_->polls().webhook("a")->queued_bytes, 0);
}

TEST_F(UpgradeTest, RowsOfVersion1AreKept) {
  begin_with_version_1();
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
  EXPECT_EQ(known_row("b", std::string(1, '\0')).value()->mark, -1);
  EXPECT_EQ(*store_->polls().known_count("a"), 10000);
  const auto rows = known_after("a", "", 20'000).value();
  ASSERT_EQ(rows.size(), 10000U);
  for (int i = 0; i < 10000; ++i) {
    const auto& each = rows[static_cast<std::size_t>(i)];
    ASSERT_EQ(each.key, key_of(i));
    ASSERT_EQ(each.digest, "00000000" + key_of(i));
    ASSERT_EQ(each.mark, i % 2 == 0 ? 0 : i);
    ASSERT_EQ(each.matched, i % 3 == 0);
    ASSERT_EQ(known_row("a", each.key).value()->digest, each.digest);
  }
  auto poll = part("a");
  poll.forget_below = 5000;
  ok(store_->polls().commit(poll));
  EXPECT_EQ(*store_->polls().known_count("a"), 2500);
}

}  // namespace
}  // namespace vhookd::testing
