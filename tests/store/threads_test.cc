// Many threads at once: commits are shared, and none is lost, mixed up or spoiled by another's.
#include <atomic>
#include <thread>

#include "tests/store/fixture.h"

namespace vhookd::testing {
namespace {

class ThreadsTest : public StoreTest {};

TEST_F(ThreadsTest, EachFindsItsOwnAndTheBadSpoilNone) {
  constexpr int thread_count = 6;
  constexpr int round_count = 60;
  std::atomic<int> failures = 0;
  std::atomic<int> wrongly_taken = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < thread_count; ++t) {
    threads.emplace_back([&, t] {
      const std::string id = "w" + std::to_string(t);
      if (!store_->polls().webhook(id)) ++failures;
      for (std::uint64_t round = 1; round <= round_count; ++round) {
        auto poll = part(id, std::to_string(round));
        poll.pages = {page(round)};
        poll.remember = {row(key_of(static_cast<int>(round)))};
        if (!store_->polls().commit(poll)) ++failures;
        if (store_->polls().commit(poll)) ++wrongly_taken;  // the same sequence again
        if (round % 2 == 0 && !store_->outbox().delivered(id, round / 2)) ++failures;
      }
    });
  }
  threads.emplace_back([&] {
    for (int i = 0; i < round_count; ++i) {
      if (!store_->outbox().with_queue() || !store_->outbox().bytes() ||
          !store_->records().list(std::vector<std::string>{"a"}))
        ++failures;
    }
  });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(wrongly_taken, 0);
  open();
  for (int t = 0; t < thread_count; ++t) {
    const auto state = store_->polls().webhook("w" + std::to_string(t)).value();
    EXPECT_EQ(state.next_sequence, round_count + 1U);
    EXPECT_EQ(state.checkpoint, std::to_string(round_count));
    EXPECT_EQ(state.queued_pages, round_count / 2);
    EXPECT_EQ(*store_->polls().known_count(state.id), round_count);
    EXPECT_EQ(store_->outbox().head(state.id).value()->page.sequence, round_count / 2 + 1U);
  }
}

}  // namespace
}  // namespace vhookd::testing
