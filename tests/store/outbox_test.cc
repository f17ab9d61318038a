// The outbox: order, attempts, dead pages, and its figures.
#include "tests/store/fixture.h"

namespace vhookd::testing {
namespace {

using namespace std::chrono_literals;

class OutboxTest : public StoreTest {
 protected:
  std::uint64_t head_sequence(const std::string& id) {
    const auto head = store_->outbox().head(id);
    EXPECT_TRUE(head) << head.error().message;
    return *head ? (*head)->page.sequence : 0;
  }
  // The figures of `id` say the same as its pages, and the sum the same as all.
  void expect_figures(const std::string& id, std::int64_t queued, std::int64_t dead) {
    const auto state = store_->polls().webhook(id).value();
    EXPECT_EQ(state.queued_pages, queued);
    EXPECT_EQ(state.dead_pages, dead);
    std::int64_t sum = 0;
    const auto all = store_->records().list(std::vector<std::string>{"a", "b", "c"}).value();
    for (const auto& each : all) sum += each.queued_bytes;
    EXPECT_EQ(*store_->outbox().bytes(), sum);
  }
};

TEST_F(OutboxTest, OfManyReceiptsABadOneSpoilsNoOther) {
  queue("a", 2);
  queue("b", 1);
  const std::vector<Receipt> receipts = {{.webhook_id = "a", .sequence = 1, .keep = {}},
                                         {.webhook_id = "b", .sequence = 9, .keep = {}},
                                         {.webhook_id = "b", .sequence = 1, .keep = {}}};
  const auto results = store_->outbox().delivered(receipts);
  ASSERT_EQ(results.size(), 3U);
  ok(results[0]);
  refused(results[1], Recourse::give_up, "page 9 of webhook b is not in the queue");
  ok(results[2]);
  EXPECT_EQ(store_->outbox().head("a").value()->page.sequence, 2U);
  EXPECT_FALSE(store_->outbox().head("b").value());
  EXPECT_TRUE(store_->outbox().delivered(std::span<const Receipt>()).empty());
}

TEST_F(OutboxTest, PagesGoInSequence) {
  queue("a", 3);
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
    open();
    EXPECT_EQ(head_sequence("a"), sequence);
    EXPECT_EQ(store_->outbox().with_queue().value(), std::vector<std::string>{"a"});
    pass(1s);
    ok(store_->outbox().delivered("a", sequence));
    EXPECT_EQ(store_->polls().webhook("a")->last_delivery_at, clock_.at);
    expect_figures("a", 3 - static_cast<std::int64_t>(sequence), 0);
  }
  open();
  EXPECT_EQ(head_sequence("a"), 0U);
  EXPECT_TRUE(store_->outbox().with_queue()->empty());
  EXPECT_EQ(*store_->outbox().bytes(), 0);
  EXPECT_EQ(store_->polls().webhook("a")->last_delivery_at, clock_.at);
  refused(store_->outbox().delivered("a", 3), Recourse::give_up, "page 3 of webhook a is not in the queue");
}

TEST_F(OutboxTest, TellsHowTheAttemptsOfTheFirstPageStand) {
  queue("a", 2);
  EXPECT_FALSE(store_->outbox().retrying("a").value()) << "not tried yet";
  ok(store_->outbox().attempt_failed("a", 1, clock_.at + 1s, "500"));
  ok(store_->outbox().attempt_failed("a", 1, clock_.at + 1h, "503"));
  open();
  const auto retrying = store_->outbox().retrying("a").value().value();
  EXPECT_EQ(retrying.sequence, 1U);
  EXPECT_EQ(retrying.attempts, 2);
  EXPECT_EQ(retrying.not_before, clock_.at + 1h);
  EXPECT_EQ(retrying.error, "503");
  ok(store_->outbox().delivered("a", 1));
  EXPECT_FALSE(store_->outbox().retrying("a").value()) << "the second was not tried yet";
  EXPECT_FALSE(store_->outbox().retrying("nobody").value());
}

TEST_F(OutboxTest, APageComesBackByteForByte) {
  std::string body(3 << 20, 'x');
  for (std::size_t i = 0; i < body.size(); i += 97) body[i] = static_cast<char>(i);
  ok(store_->polls().webhook("a"));
  auto poll = part("a");
  poll.pages = {page(1, body)};
  ok(store_->polls().commit(poll));
  open();
  const auto head = store_->outbox().head("a").value().value();
  EXPECT_EQ(head.webhook_id, "a");
  EXPECT_EQ(head.page.id, "msg_1");
  EXPECT_EQ(head.page.records, 2);
  EXPECT_TRUE(head.page.body == body);
  EXPECT_EQ(head.attempts, 0);
  EXPECT_EQ(head.first_attempt_at, std::nullopt);
  EXPECT_EQ(head.queued_at, poll.at);
  EXPECT_EQ(head.not_before, Instant{});
  EXPECT_EQ(*store_->outbox().bytes(), 3 << 20);
}

TEST_F(OutboxTest, AFailedAttemptIsCounted) {
  queue("a", 1);
  pass(1s);
  const auto first = clock_.at;
  ok(store_->outbox().attempt_failed("a", 1, clock_.at + 5s, "503"));
  pass(5s);
  ok(store_->outbox().attempt_failed("a", 1, clock_.at + 10s, "connection reset"));
  open();
  const auto head = store_->outbox().head("a").value().value();
  EXPECT_EQ(head.attempts, 2);
  EXPECT_EQ(head.first_attempt_at, first);
  EXPECT_EQ(head.not_before, clock_.at + 10s);
  EXPECT_EQ(head.last_error, "connection reset");
  refused(store_->outbox().attempt_failed("a", 2, clock_.at, ""), Recourse::give_up, "not in the queue");
}

TEST_F(OutboxTest, ADeadPageStandsAsideAndMayBeRevived) {
  queue("a", 3);
  const auto before = store_->outbox().head("a").value().value();
  ok(store_->outbox().attempt_failed("a", 1, clock_.at + 1h, "500"));
  pass(72h);
  ok(store_->outbox().page_died("a", 1, "500 in the end"));
  open();
  EXPECT_EQ(head_sequence("a"), 2U);
  expect_figures("a", 2, 1);
  auto dead = store_->outbox().dead("a").value();
  ASSERT_EQ(dead.size(), 1U);
  EXPECT_EQ(dead[0].page.body, before.page.body);
  EXPECT_EQ(dead[0].attempts, 2);
  EXPECT_EQ(dead[0].queued_at, before.queued_at);
  EXPECT_EQ(dead[0].died_at, clock_.at);
  EXPECT_EQ(dead[0].error, "500 in the end");
  ok(store_->outbox().delivered("a", 2));

  EXPECT_EQ(store_->replays().request("a", {.dead = true}, "")->revived, 1);
  open();
  EXPECT_TRUE(store_->outbox().dead("a")->empty());
  expect_figures("a", 2, 0);
  const auto head = store_->outbox().head("a").value().value();
  EXPECT_EQ(head.page.sequence, 1U);
  EXPECT_EQ(head.page.id, before.page.id);
  EXPECT_EQ(head.page.body, before.page.body);
  EXPECT_EQ(head.attempts, 0);
  EXPECT_EQ(head.first_attempt_at, std::nullopt);
  EXPECT_EQ(head.not_before, Instant{});
  EXPECT_TRUE(head.replayed);
  EXPECT_EQ(store_->replays().request("a", {.dead = true}, "")->revived, 0);
}

TEST_F(OutboxTest, DeadPagesAreListedBySequenceAndDropped) {
  queue("a", 4);
  queue("b", 1);
  for (const std::uint64_t sequence : {3, 1, 2}) ok(store_->outbox().page_died("a", sequence, "x"));
  open();
  const auto dead = store_->outbox().dead("a").value();
  ASSERT_EQ(dead.size(), 3U);
  for (std::uint64_t i = 0; i < 3; ++i) EXPECT_EQ(dead[i].page.sequence, i + 1);
  EXPECT_TRUE(store_->outbox().dead("b")->empty());
  ok(store_->outbox().drop_dead("a", "msg_2"));
  refused(store_->outbox().drop_dead("a", "msg_4"), Recourse::give_up, "not among the dead pages");
  open();
  EXPECT_EQ(store_->outbox().dead("a")->size(), 2U);
  EXPECT_EQ(head_sequence("a"), 4U);
  expect_figures("a", 1, 2);
}

TEST_F(OutboxTest, OnlyThoseWithAHeadAreListed) {
  queue("a", 1);
  queue("b", 1);
  queue("c", 2);
  ok(store_->polls().webhook("d"));
  ok(store_->outbox().page_died("a", 1, "x"));
  ok(store_->outbox().delivered("b", 1));
  open();
  EXPECT_EQ(store_->outbox().with_queue().value(), std::vector<std::string>{"c"});
  ok(store_->replays().request("a", {.dead = true}, ""));
  EXPECT_EQ(store_->outbox().with_queue()->size(), 2U);
}

}  // namespace
}  // namespace vhookd::testing
