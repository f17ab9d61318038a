#include "daemon/engine/retry_clock.h"

#include <gtest/gtest.h>

namespace vhookd {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr Instant noon{seconds(1'800'000'000)};
constexpr Tick start{seconds(5000)};

QueuedPage page(std::uint64_t sequence) {
  QueuedPage page;
  page.webhook_id = "w";
  page.page.sequence = sequence;
  return page;
}

TEST(RetryClock, ANewPageMayGoAtOnce) {
  RetryClock timeout;
  timeout.see(page(1), noon, start);
  EXPECT_EQ(timeout.not_before("w"), start);
  EXPECT_EQ(timeout.first_attempt_at("w", start + seconds(1), noon + seconds(3), start + seconds(3)),
            noon + seconds(1));
}

TEST(RetryClock, CountsFromTheFirstAttemptWhateverTheWallClockSays) {
  for (const auto jump : {Micros(0), Micros(hours(1)), Micros(-hours(1)), Micros(hours(24 * 3652))}) {
    RetryClock timeout;
    timeout.see(page(1), noon, start);
    timeout.wait("w", start + seconds(1), start + seconds(10));
    timeout.wait("w", start + seconds(10), start + seconds(20));
    auto stored = page(1);  // as the state has it, told by a clock that has jumped since
    stored.not_before = noon + seconds(20);
    stored.first_attempt_at = noon + seconds(1);
    const Instant now = noon + seconds(12) + jump;
    timeout.see(stored, now, start + seconds(12));
    EXPECT_EQ(timeout.not_before("w"), start + seconds(20));
    EXPECT_EQ(now - timeout.first_attempt_at("w", start + seconds(12), now, start + seconds(12)), seconds(11));
  }
}

TEST(RetryClock, GoesOnWithWhatTheStateSaysAfterARestart) {
  RetryClock timeout;
  auto stored = page(7);
  stored.not_before = noon + seconds(30);
  stored.first_attempt_at = noon - hours(2);
  timeout.see(stored, noon, start);
  EXPECT_EQ(timeout.not_before("w"), start + seconds(30));
  EXPECT_EQ(timeout.first_attempt_at("w", start, noon, start), noon - hours(2));
}

TEST(RetryClock, BelievesNoAbsurdState) {
  RetryClock timeout;
  auto stored = page(7);
  stored.not_before = noon + hours(25);  // no wait is longer than a day
  stored.first_attempt_at = noon + hours(1);
  timeout.see(stored, noon, start);
  EXPECT_EQ(timeout.not_before("w"), start);
  EXPECT_EQ(timeout.first_attempt_at("w", start, noon, start), noon);
}

TEST(RetryClock, TheNextPageBeginsAnewAndSoDoesOneForgotten) {
  RetryClock timeout;
  timeout.see(page(1), noon, start);
  timeout.wait("w", start, start + seconds(60));
  timeout.see(page(2), noon, start + seconds(1));
  EXPECT_EQ(timeout.not_before("w"), start + seconds(1));
  timeout.wait("w", start + seconds(1), start + seconds(60));
  timeout.forget("w");
  timeout.see(page(2), noon, start + seconds(2));
  EXPECT_EQ(timeout.not_before("w"), start + seconds(2));
}

}  // namespace
}  // namespace vhookd
