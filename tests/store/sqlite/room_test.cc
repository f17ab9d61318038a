// How much the store writes, and that it uses the room of deleted rows again.
#include "store/sqlite/schema.h"
#include "tests/store/sqlite/backend.h"

namespace vhookd::testing {
namespace {

class RoomTest : public SqliteStoreTest {};

TEST_F(RoomTest, ManyAreMadeInOneCommit) {
  queue("b", 2);
  const auto written = [this] { return std::filesystem::file_size(folder_ + "/state.db-wal"); };
  const auto before = written();
  std::vector<std::string> ids = {"b"};
  for (int i = 0; i < 500; ++i) ids.push_back(key_of(i));
  ok(store_->records().make(ids));
  EXPECT_LT(written() - before, 80U * 4096) << "each commit writes its pages anew";
  EXPECT_EQ(store_->records().list(ids)->size(), 501U);
  EXPECT_EQ(store_->polls().webhook("b")->queued_pages, 2);
  EXPECT_EQ(store_->polls().webhook(key_of(7))->created_at, clock_.at);
  const auto after = written();
  ok(store_->records().make(ids));
  EXPECT_EQ(written(), after);
}

TEST_F(RoomTest, RoomOfSweptRowsIsUsedAgain) {
  ok(store_->polls().webhook("a"));
  auto poll = part("a");
  for (int i = 0; i < 10000; ++i) poll.remember.push_back(row(key_of(i)));
  ok(store_->polls().commit(poll));
  ok(store_->polls().webhook("b"));
  auto other = part("b");
  other.remember = {row("k")};
  ok(store_->polls().commit(other));
  auto fresh = part("a");
  fresh.epoch = 2;
  fresh.remember = {row("00000001")};
  ok(store_->polls().commit(fresh));
  open();

  const auto size = [&] { return std::filesystem::file_size(folder_ + "/state.db"); };
  for (int i = 0; i < 10; ++i) ok(store_->polls().commit(other));
  open();
  const auto swept = size();
  // What was swept is used again: as many rows once more, and the file is no larger.
  poll.epoch = 2;
  ok(store_->polls().commit(poll));
  open();
  EXPECT_EQ(*store_->polls().known_count("a"), 10000);
  EXPECT_LT(size(), swept + swept / 10);
}

TEST_F(RoomTest, ChangesHereAndThereWriteNoMoreThanTheirBlocks) {
  constexpr int row_count = 50'000;
  ok(store_->polls().webhook("a"));
  auto poll = part("a");
  for (int i = 0; i < row_count; ++i) poll.remember.push_back(row(key_of(i)));
  ok(store_->polls().commit(poll));
  open();  // the WAL begins anew
  poll.remember.clear();
  for (int i = 0; i < row_count; i += 1000) poll.remember.push_back(row(key_of(i), 0, 'e'));
  ok(store_->polls().commit(poll));
  // 50 rows, each with its page, and those of the webhook beside them.
  EXPECT_LT(std::filesystem::file_size(folder_ + "/state.db-wal"), 75U * page_bytes);
  EXPECT_EQ(*store_->polls().known_count("a"), row_count);
}

}  // namespace
}  // namespace vhookd::testing
