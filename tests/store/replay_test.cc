// Delivered pages kept for replay, replays themselves, and pages that are split.
#include "tests/store/fixture.h"

namespace vhookd::testing {
namespace {

using namespace std::chrono_literals;

class ReplayTest : public StoreTest {
 protected:
  static constexpr Keep a_week{.time = 168h, .bytes = 1000, .bytes_in_all = 1000};

  void deliver(const std::string& id, std::uint64_t from, std::uint64_t to, const Keep& keep = a_week) {
    for (auto sequence = from; sequence <= to; ++sequence) {
      ok(store_->outbox().delivered(id, sequence, keep));
      pass(1s);
    }
  }
  int queued(const std::string& id, const ReplayRange& selection, const std::string& url = "") {
    const auto selected = store_->replays().request(id, selection, url);
    EXPECT_TRUE(selected) << selected.error().message;
    return selected->queued;
  }
  // The sequences that go out again, in order, each done at once.
  std::vector<std::uint64_t> replayed(const std::string& id) {
    std::vector<std::uint64_t> sequences;
    while (const auto next = store_->replays().next(id).value()) {
      sequences.push_back(next->page.sequence);
      ok(store_->replays().delivered(next->number, a_week));
    }
    return sequences;
  }
  std::int64_t kept(const std::string& id) { return store_->polls().webhook(id)->kept_pages; }
  // Sequences and bodies as they would go out.
  std::string line(const std::string& id) {
    std::string text;
    while (const auto head = store_->outbox().head(id).value()) {
      text += std::to_string(head->page.sequence) + " " + head->page.id + " " + head->page.body + "\n";
      ok(store_->outbox().delivered(id, head->page.sequence));
    }
    return text;
  }
};

using Sequences = std::vector<std::uint64_t>;

TEST_F(ReplayTest, WhatIsKeptIsSentAgainBySequenceAndTime) {
  queue("a", 6);
  const auto body = store_->outbox().head("a").value()->page.body;
  const auto began = clock_.at;
  deliver("a", 1, 5);
  open();
  EXPECT_EQ(kept("a"), 5);
  EXPECT_EQ(*store_->outbox().bytes(), store_->polls().webhook("a")->queued_bytes);
  EXPECT_EQ(queued("a", {.from = 2, .to = 3}), 2);
  EXPECT_EQ(store_->polls().webhook("a")->replay_pages, 2);
  EXPECT_EQ(store_->replays().ids().value(), std::vector<std::string>{"a"});
  open();
  EXPECT_EQ(replayed("a"), (Sequences{2, 3}));
  EXPECT_TRUE(store_->replays().ids()->empty());
  EXPECT_EQ(queued("a", {.since = began + 3s}), 2);
  EXPECT_EQ(replayed("a"), (Sequences{4, 5}));
  EXPECT_EQ(queued("a", {.from = 5, .since = began}), 1);
  EXPECT_EQ(queued("a", {.from = 1}), 4) << "5 waits already";
  EXPECT_EQ(store_->replays().request("a", {.from = 1}, "")->waiting, 5);
  EXPECT_EQ(replayed("a"), (Sequences{5, 1, 2, 3, 4}));
  EXPECT_EQ(queued("a", {.from = 6}), 0) << "not delivered yet";
  EXPECT_EQ(queued("nobody", {.from = 1}), 0);
  EXPECT_EQ(kept("a"), 5) << "kept for the next time";
  ok(store_->replays().request("a", {.from = 1, .to = 1}, ""));
  EXPECT_EQ(store_->replays().next("a").value()->page.body, body);
  EXPECT_EQ(store_->outbox().head("a").value()->page.sequence, 6U) << "the queue goes on as it was";
}

TEST_F(ReplayTest, AFailedReplayIsTriedAgainOrGivenUp) {
  queue("a", 2);
  deliver("a", 1, 2);
  EXPECT_EQ(queued("a", {.from = 1}, "http://127.0.0.1/"), 2);
  const auto first = store_->replays().next("a").value().value();
  EXPECT_EQ(first.url, "http://127.0.0.1/");
  const auto at = clock_.at;
  ok(store_->replays().attempt_failed(first.number, at + 5s, "500"));
  open();
  const auto again = store_->replays().next("a").value().value();
  EXPECT_EQ(again.page.id, first.page.id);
  EXPECT_EQ(again.attempts, 1);
  EXPECT_EQ(again.first_attempt_at, at);
  EXPECT_EQ(again.not_before, at + 5s);
  ok(store_->replays().drop(first.number));
  EXPECT_EQ(store_->replays().next("a").value()->page.sequence, 2U);
  EXPECT_EQ(queued("a", {.from = 2}), 1) << "to another URL is another replay";
  EXPECT_EQ(store_->replays().drop_all("a", "http://127.0.0.1/").value(), 1);
  EXPECT_EQ(replayed("a"), Sequences{2});
}

TEST_F(ReplayTest, WhatIsKeptIsBoundedByAgeAndSize) {
  queue("a", 4);
  const auto size = static_cast<std::int64_t>(page(1).body.size());
  deliver("a", 1, 3, {.time = 1h, .bytes = 2 * size, .bytes_in_all = 1000});
  EXPECT_EQ(kept("a"), 2);
  EXPECT_EQ(queued("a", {.from = 1}), 2);
  EXPECT_EQ(replayed("a"), (Sequences{2, 3})) << "the oldest went";
  queue("b", 2);
  deliver("b", 1, 1, {.time = 2h, .bytes = 1000, .bytes_in_all = 2 * size});
  EXPECT_EQ(kept("a"), 1) << "in all";
  EXPECT_EQ(kept("b"), 1);
  EXPECT_EQ(queued("b", {.from = 1}), 1);
  pass(1h);
  ok(store_->replays().prune());
  EXPECT_EQ(kept("a"), 0);
  pass(2h);
  ok(store_->replays().prune());
  EXPECT_EQ(kept("b"), 1) << "a page on its way again stays";
  EXPECT_EQ(replayed("b"), Sequences{1});
  ok(store_->replays().prune());
  EXPECT_EQ(kept("b"), 0);
  deliver("b", 2, 2, {});
  EXPECT_EQ(kept("b"), 0) << "nothing is to be kept";
  EXPECT_EQ(queued("b", {.from = 1}), 0);
}

TEST_F(ReplayTest, DeadPagesThatNobodyWaitsForAreReplayedBesideTheQueue) {
  queue("a", 4);
  ok(store_->outbox().page_died("a", 1, "x", Death::passed_over));
  pass(1s);
  const auto later = clock_.at;
  ok(store_->outbox().page_died("a", 2, "x", Death::passed_over));
  ok(store_->outbox().page_died("a", 3, "x"));
  auto state = store_->polls().webhook("a").value();
  EXPECT_EQ(state.dead_pages, 3);
  EXPECT_EQ(state.holding_pages, 1);
  EXPECT_EQ(state.dead_bytes, 3 * static_cast<std::int64_t>(page(1).body.size()));
  EXPECT_EQ(queued("a", {.dead = true}, "http://elsewhere/"), 3);
  EXPECT_EQ(replayed("a"), (Sequences{3, 1, 2}));
  EXPECT_EQ(store_->polls().webhook("a")->dead_pages, 3) << "sent elsewhere they stay dead";
  EXPECT_EQ(queued("a", {.dead = true, .to = 2, .since = later}), 1);
  EXPECT_EQ(replayed("a"), Sequences{2});
  EXPECT_EQ(kept("a"), 1) << "delivered now";
  const auto rest = store_->replays().request("a", {.dead = true}, "").value();
  EXPECT_EQ(rest.revived, 1);
  EXPECT_EQ(rest.queued, 1);
  EXPECT_EQ(store_->outbox().head("a").value()->page.sequence, 3U);
  ok(store_->outbox().drop_dead("a", "msg_1"));
  EXPECT_TRUE(replayed("a").empty()) << "dropped with its page";
}

TEST_F(ReplayTest, ASplitGivesTheNumbersOfThoseTakenWithoutAGap) {
  auto poll = part("a");
  for (std::uint64_t i = 1; i <= 3; ++i) {
    poll.pages.push_back(page(i, R"({"data":[],"sequence":)" + std::to_string(i) + "}"));
  }
  ok(store_->polls().webhook("a"));
  ok(store_->polls().commit(poll));
  ok(store_->outbox().attempt_failed("a", 1, clock_.at, "400", true));
  EXPECT_EQ(store_->outbox().head("a").value()->rejections, 1);
  ok(store_->outbox().attempt_failed("a", 1, clock_.at, "500", false));
  EXPECT_EQ(store_->outbox().head("a").value()->rejections, 0);

  Page first = page(1, R"({"data":[1],"sequence":1})");
  Page second = page(2, R"({"data":[2],"sequence":1})");
  first.id = "first";
  second.id = "second";
  ok(store_->outbox().split("a", 1, first, second));
  open();
  auto state = store_->polls().webhook("a").value();
  EXPECT_EQ(state.next_sequence, 5U);
  EXPECT_EQ(state.queued_pages, 4);
  EXPECT_TRUE(store_->outbox().head("a").value()->part);
  // A poll that began before goes on with the numbers it had.
  auto more = part("a");
  more.pages = {page(4, R"({"data":[4],"sequence":4})")};
  ok(store_->polls().commit(more));
  more = part("a");
  more.renumbered = store_->polls().webhook("a")->renumbered;
  more.pages = {page(4)};
  refused(store_->polls().commit(more), Recourse::give_up, "a page has sequence 4, the next is 6");
  ok(store_->outbox().page_died("a", 1, "400", Death::isolated));
  EXPECT_EQ(store_->polls().webhook("a")->next_sequence, 5U);
  EXPECT_EQ(store_->polls().webhook("a")->holding_pages, 0);
  EXPECT_EQ(line("a"),
            "1 second {\"data\":[2],\"sequence\":1}\n"
            "2 msg_2 {\"data\":[],\"sequence\":2}\n"
            "3 msg_3 {\"data\":[],\"sequence\":3}\n"
            "4 msg_4 {\"data\":[4],\"sequence\":4}\n");
  EXPECT_EQ(store_->outbox().dead("a")->at(0).page.id, "first");
}

TEST_F(ReplayTest, WhatWasSentIsNeverRenumbered) {
  queue("a", 3);
  ok(store_->outbox().page_died("a", 1, "x"));
  ok(store_->outbox().attempt_failed("a", 2, clock_.at, "500"));
  ok(store_->replays().request("a", {.dead = true}, ""));
  Page first = page(1);
  Page second = page(2);
  first.id = "first";
  second.id = "second";
  refused(store_->outbox().split("a", 1, first, second), Recourse::give_up, "a page behind it was sent already");
  refused(store_->outbox().split("a", 9, first, second), Recourse::give_up, "not in the queue");
  open();
  EXPECT_EQ(store_->outbox().head("a").value()->page.id, "msg_1");
  EXPECT_EQ(store_->polls().webhook("a")->queued_pages, 3);
}

TEST_F(ReplayTest, AForgottenWebhookLeavesNothing) {
  queue("a", 2);
  deliver("a", 1, 1);
  queued("a", {.from = 1});
  ok(store_->records().forget("a"));
  open();
  EXPECT_TRUE(store_->replays().ids()->empty());
  queue("a", 1);
  EXPECT_EQ(kept("a"), 0);
  EXPECT_EQ(store_->polls().webhook("a")->replay_pages, 0);
}

}  // namespace
}  // namespace vhookd::testing
