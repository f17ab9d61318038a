// Every call on webhooks, polls and runs; the store is opened anew after each step that should last.
#include "tests/store/fixture.h"

namespace vhookd::testing {
namespace {

using namespace std::chrono_literals;

class WebhookTest : public StoreTest {};
class PollTest : public StoreTest {};

TEST_F(WebhookTest, ManyAreMadeAtOnceAndThoseThereStay) {
  queue("b", 2);
  std::vector<std::string> ids = {"b"};
  for (int i = 0; i < 500; ++i) ids.push_back(key_of(i));
  for (int i = 0; i < 2; ++i) {
    ok(store_->records().make(ids));
    EXPECT_EQ(store_->records().list(ids)->size(), 501U);
    EXPECT_EQ(store_->polls().webhook("b")->queued_pages, 2);
    EXPECT_EQ(store_->polls().webhook(key_of(7))->created_at, clock_.at);
  }
}

TEST_F(WebhookTest, IsMadeWithDefaults) {
  const auto made_at = clock_.at;
  ok(store_->polls().webhook("a"));
  pass(1h);
  open();
  const auto state = store_->polls().webhook("a").value();
  EXPECT_EQ(state.id, "a");
  EXPECT_EQ(state.epoch, 1U);
  EXPECT_EQ(state.fingerprint, "");
  EXPECT_EQ(state.checkpoint, "");
  EXPECT_EQ(state.next_sequence, 1U);
  EXPECT_FALSE(state.paused);
  EXPECT_TRUE(state.healthy);
  EXPECT_EQ(state.checked_at, std::nullopt);
  EXPECT_EQ(state.last_delivery_at, std::nullopt);
  EXPECT_EQ(state.created_at, made_at);
  EXPECT_EQ(state.updated_at, made_at);
  EXPECT_EQ(state.queued_pages + state.queued_bytes + state.dead_pages, 0);
}

TEST_F(WebhookTest, ThoseAskedForAreListedInThatOrder) {
  for (const auto* id : {"b", "a", "B"}) ok(store_->polls().webhook(id));
  open();
  const auto some = store_->records().list(std::vector<std::string>{"b", "never there", "B"}).value();
  ASSERT_EQ(some.size(), 2U) << "asking makes none";
  EXPECT_EQ(some[0].id, "b");
  EXPECT_EQ(some[1].id, "B");
}

TEST_F(WebhookTest, PauseKeepsItsReasonUntilResumed) {
  ok(store_->polls().webhook("a"));
  pass(1s);
  ok(store_->records().set_paused("a", true, "410 Gone"));
  open();
  auto state = store_->polls().webhook("a").value();
  EXPECT_TRUE(state.paused);
  EXPECT_EQ(state.paused_because, "410 Gone");
  EXPECT_EQ(state.updated_at, clock_.at);
  const auto paused_at = clock_.at;
  pass(1s);
  ok(store_->records().set_paused("a", true, "410 Gone"));
  EXPECT_EQ(store_->polls().webhook("a")->updated_at, paused_at);
  ok(store_->records().set_paused("a", false, "ignored"));
  open();
  state = store_->polls().webhook("a").value();
  EXPECT_FALSE(state.paused);
  EXPECT_EQ(state.paused_because, "");
  EXPECT_EQ(state.updated_at, clock_.at);
}

TEST_F(WebhookTest, AnOperatorMayPauseBeforeTheFirstPoll) {
  ok(store_->records().set_paused("new", true, ""));
  EXPECT_TRUE(store_->polls().webhook("new")->paused);
}

TEST_F(WebhookTest, HealthMovesUpdatedAtOnlyWhenItShows) {
  ok(store_->polls().webhook("a"));
  const auto made_at = clock_.at;
  pass(1s);
  ok(store_->records().set_health("a", true, 1, ""));
  open();
  EXPECT_EQ(store_->polls().webhook("a")->failed_in_a_row, 1);
  EXPECT_EQ(store_->polls().webhook("a")->updated_at, made_at);
  ok(store_->records().set_health("a", false, 2, "no such table"));
  open();
  auto state = store_->polls().webhook("a").value();
  EXPECT_FALSE(state.healthy);
  EXPECT_EQ(state.last_error, "no such table");
  EXPECT_EQ(state.updated_at, clock_.at);
  const auto fell_ill_at = clock_.at;
  pass(1s);
  ok(store_->records().set_health("a", false, 3, "no such table"));
  state = store_->polls().webhook("a").value();
  EXPECT_EQ(state.failed_in_a_row, 3);
  EXPECT_EQ(state.updated_at, fell_ill_at);
}

TEST_F(WebhookTest, TouchMovesUpdatedAt) {
  ok(store_->polls().webhook("a"));
  pass(5us);
  ok(store_->records().touch("a"));
  open();
  EXPECT_EQ(store_->polls().webhook("a")->updated_at, clock_.at);
}

TEST_F(WebhookTest, ForgottenWhollyAndNothingOfAnother) {
  auto big = part("a");
  for (int i = 0; i < 9000; ++i) big.remember.push_back(row(key_of(i)));
  ok(store_->polls().webhook("a"));
  ok(store_->polls().commit(big));
  queue("a", 150);
  queue("b", 2);
  ok(store_->outbox().page_died("a", 1, "500"));
  ok(store_->polls().record_run("a", finished(clock_.at, 0)));
  ok(store_->records().forget("a"));
  open();
  EXPECT_EQ(store_->records().list(std::vector<std::string>{"a", "b"})->size(), 1U);
  EXPECT_EQ(store_->outbox().with_queue().value(), std::vector<std::string>{"b"});
  EXPECT_EQ(*store_->outbox().bytes(), store_->polls().webhook("b")->queued_bytes);
  EXPECT_EQ(store_->outbox().head("a").value(), std::nullopt);
  EXPECT_TRUE(store_->outbox().dead("a")->empty());
  const auto fresh = store_->polls().webhook("a").value();
  EXPECT_EQ(fresh.next_sequence, 1U);
  EXPECT_EQ(fresh.dead_pages, 0);
  EXPECT_EQ(*store_->polls().known_count("a"), 0);
  EXPECT_TRUE(known_after("a", "", 10)->empty());
  EXPECT_TRUE(store_->polls().runs("a")->empty());
  ok(store_->records().forget("never there"));
}

TEST_F(WebhookTest, WhatComesAfterItWasForgottenIsRefused) {
  queue("a", 1);
  ok(store_->records().forget("a"));
  refused(store_->polls().commit(part("a")), Recourse::give_up, "webhook a has no state");
  refused(store_->records().set_health("a", false, 1, "x"), Recourse::give_up, "webhook a has no state");
  refused(store_->polls().record_run("a", vhookd::Run{}), Recourse::give_up, "webhook a has no state");
  refused(store_->outbox().delivered("a", 1), Recourse::give_up, "page 1 of webhook a is not in the queue");
  EXPECT_TRUE(store_->records().list(std::vector<std::string>{"a"})->empty());
}

TEST_F(WebhookTest, TheStoreTellsHowMuchRoomItTakes) {
  const auto before = store_->bytes();
  auto poll = part("a");
  poll.pages = {page(1, std::string(1 << 20, 'x'))};
  ok(store_->polls().webhook("a"));
  ok(store_->polls().commit(poll));
  EXPECT_GE(store_->bytes() - before, 1 << 20);
}

TEST_F(PollTest, IsTakenWhole) {
  ok(store_->polls().webhook("a"));
  auto poll = part("a", std::string("check\0point", 11));
  poll.fingerprint = "\xff\xfe";
  poll.pages = {page(1), page(2)};
  poll.pages[0].type = PageType::initial_partial;
  poll.remember = {row("k1", 5), row("k2", 6)};
  poll.run = vhookd::Run{.started_at = clock_.at, .ok = true, .pages = 2, .records = 4, .duration_ms = 7, .error = ""};
  poll.complete = true;
  ok(store_->polls().commit(poll));
  open();
  const auto state = store_->polls().webhook("a").value();
  EXPECT_EQ(state.checkpoint, poll.checkpoint);
  EXPECT_EQ(state.fingerprint, poll.fingerprint);
  EXPECT_EQ(state.next_sequence, 3U);
  EXPECT_EQ(state.checked_at, poll.at);
  EXPECT_EQ(state.queued_pages, 2);
  EXPECT_EQ(state.queued_bytes, static_cast<std::int64_t>(poll.pages[0].body.size() + poll.pages[1].body.size()));
  EXPECT_EQ(*store_->polls().known_count("a"), 2);
  ASSERT_EQ(store_->polls().runs("a")->size(), 1U);
  EXPECT_EQ(describe(store_->polls().runs("a")->front()), describe(*poll.run));
  EXPECT_EQ(store_->outbox().head("a").value()->page.type, PageType::initial_partial);
}

TEST_F(PollTest, APartThatIsNotTheLastLeavesCheckedAt) {
  ok(store_->polls().webhook("a"));
  ok(store_->polls().commit(part("a")));
  EXPECT_EQ(store_->polls().webhook("a")->checked_at, std::nullopt);
}

TEST_F(PollTest, AGapOrARepeatInTheSequencesIsRefusedWhole) {
  queue("a", 2);
  for (const std::vector<std::uint64_t>& sequences : {std::vector<std::uint64_t>{4}, {2}, {3, 5}, {3, 3}, {0}}) {
    auto poll = part("a", "other");
    for (const auto sequence : sequences) poll.pages.push_back(page(sequence));
    poll.remember = {row("k")};
    poll.run = vhookd::Run{};
    poll.complete = true;
    refused(store_->polls().commit(poll), Recourse::give_up, "the next is");
    open();
    const auto state = store_->polls().webhook("a").value();
    EXPECT_EQ(state.checkpoint, "c");
    EXPECT_EQ(state.next_sequence, 3U);
    EXPECT_EQ(state.queued_pages, 2);
    EXPECT_EQ(state.checked_at, std::nullopt);
    EXPECT_EQ(*store_->polls().known_count("a"), 0);
    EXPECT_TRUE(store_->polls().runs("a")->empty());
  }
}

TEST_F(PollTest, TheLastFiftyRunsAreKeptNewestFirst) {
  ok(store_->polls().webhook("a"));
  ok(store_->polls().webhook("b"));
  for (int i = 1; i <= 70; ++i) {
    const vhookd::Run run{
        .started_at = clock_.at, .ok = i % 2 == 0, .pages = i, .records = 0, .duration_ms = 1, .error = "e"};
    if (i % 3 == 0) {
      auto poll = part("a");
      poll.run = run;
      ok(store_->polls().commit(poll));
    } else {
      ok(store_->polls().record_run("a", run));
    }
  }
  ok(store_->polls().record_run("b", finished(clock_.at, 9)));
  open();
  const auto runs = store_->polls().runs("a").value();
  ASSERT_EQ(runs.size(), 50U);
  EXPECT_EQ(runs.front().pages, 70);
  EXPECT_TRUE(runs.front().ok);
  EXPECT_EQ(runs.back().pages, 21);
  EXPECT_EQ(runs.back().error, "e");
  EXPECT_EQ(store_->polls().runs("b")->size(), 1U);
}

}  // namespace
}  // namespace vhookd::testing
