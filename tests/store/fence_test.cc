// A writer whose term is not the current one changes nothing; its reads work.
#include <functional>

#include "tests/store/fixture.h"

namespace vhookd::testing {
namespace {

class FenceTest : public StoreTest {};

TEST_F(FenceTest, EveryWriteUnderAnotherTermIsRefused) {
  queue("a", 3);
  ok(store_->outbox().page_died("a", 1, "500"));
  ok(store_->outbox().delivered("a", 2, {.time = std::chrono::hours(1), .bytes = 1000, .bytes_in_all = 1000}));
  ok(store_->replays().request("a", {.from = 2}, ""));
  const auto replay = store_->replays().next("a").value()->number;
  const auto other = backend_->fenced(*store_);
  EXPECT_NE(other->term(), store_->term());

  auto poll = part("a", "other");
  poll.pages = {page(4)};
  poll.remember = {row("k")};
  const std::string id = "a";
  struct Write {
    const char* name;
    std::function<Result<void>(Store&)> run;
  };
  const auto without_value = [](const auto& result) -> Result<void> {
    if (!result) return std::unexpected(result.error());
    return {};
  };
  const std::vector<Write> writes = {
      {"webhook", [&](Store& store) { return without_value(store.polls().webhook("new")); }},
      {"commit", [&](Store& store) { return store.polls().commit(poll); }},
      {"record_run", [&](Store& store) { return store.polls().record_run(id, finished(clock_.at, 0)); }},
      {"checked",
       [&](Store& store) {
         return store.polls().checked({{id, clock_.at}});
       }},
      {"make", [&](Store& store) { return store.records().make(std::vector<std::string>{"new"}); }},
      {"set_paused", [&](Store& store) { return store.records().set_paused(id, true, ""); }},
      {"set_health", [&](Store& store) { return store.records().set_health(id, false, 1, "e"); }},
      {"touch", [&](Store& store) { return store.records().touch(id); }},
      {"forget", [&](Store& store) { return store.records().forget(id); }},
      {"delivered", [&](Store& store) { return store.outbox().delivered(id, 3); }},
      {"attempt_failed", [&](Store& store) { return store.outbox().attempt_failed(id, 3, clock_.at, "e"); }},
      {"page_died", [&](Store& store) { return store.outbox().page_died(id, 3, "e"); }},
      {"split", [&](Store& store) { return store.outbox().split(id, 3, page(3), page(4)); }},
      {"drop_dead", [&](Store& store) { return store.outbox().drop_dead(id, "msg_1"); }},
      {"request", [&](Store& store) { return without_value(store.replays().request(id, {.dead = true}, "")); }},
      {"replay attempt_failed", [&](Store& store) { return store.replays().attempt_failed(replay, clock_.at, "e"); }},
      {"replay delivered", [&](Store& store) { return store.replays().delivered(replay, {}); }},
      {"drop", [&](Store& store) { return store.replays().drop(replay); }},
      {"drop_all", [&](Store& store) { return without_value(store.replays().drop_all(id, "")); }},
      {"prune", [&](Store& store) { return store.replays().prune(); }},
      {"define", [&](Store& store) { return store.definitions().define(id, "{}"); }},
  };
  for (const auto& write : writes) {
    SCOPED_TRACE(write.name);
    refused(write.run(*other), Recourse::fenced, "nothing was changed");
  }

  EXPECT_EQ(other->outbox().head("a").value()->page.sequence, 3U) << "it may read";
  EXPECT_TRUE(store_->records().list(std::vector<std::string>{"new"})->empty());
  EXPECT_TRUE(store_->definitions().all()->empty());
  const auto state = store_->polls().webhook("a").value();
  EXPECT_EQ(state.checkpoint, "c");
  EXPECT_FALSE(state.paused);
  EXPECT_TRUE(state.healthy);
  EXPECT_EQ(state.checked_at, std::nullopt);
  EXPECT_EQ(state.queued_pages, 1);
  EXPECT_EQ(state.dead_pages, 1);
  EXPECT_EQ(state.kept_pages, 1);
  EXPECT_EQ(state.replay_pages, 1);
  EXPECT_EQ(*store_->polls().known_count("a"), 0);
  EXPECT_TRUE(store_->polls().runs("a")->empty());
  EXPECT_EQ(store_->outbox().head("a").value()->attempts, 0);
}

// The refusal concerns the writer alone: the one whose term is current goes on.
TEST_F(FenceTest, TheCurrentWriterIsNotAffected) {
  queue("a", 1);
  const auto other = backend_->fenced(*store_);
  const std::vector<Receipt> receipts(2, Receipt{.webhook_id = "a", .sequence = 1, .keep = {}});
  const auto results = other->outbox().delivered(receipts);
  ASSERT_EQ(results.size(), 2U);
  for (const auto& result : results) refused(result, Recourse::fenced, "nothing was changed");
  ok(store_->outbox().delivered("a", 1));
  EXPECT_FALSE(store_->outbox().head("a").value());
}

}  // namespace
}  // namespace vhookd::testing
