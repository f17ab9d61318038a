#include "daemon/engine/retry_clock.h"

#include <algorithm>

namespace vhookd {

namespace {
constexpr auto longest_wait = std::chrono::hours(24);
}  // namespace

void RetryClock::see(const QueuedPage& page, Instant now, Tick tick) {
  Trial& trial = trials_[page.webhook_id];
  if (trial.sequence == page.page.sequence) return;
  trial = {.sequence = page.page.sequence, .not_before = tick};
  // A time further off than there can be is one of a clock that went wrong; so is a first attempt in the future.
  if (const auto left = page.not_before - now; left > Micros(0) && left <= longest_wait) trial.not_before = tick + left;
  if (!page.first_attempt_at) return;
  trial.tried = true;
  trial.first_attempt = tick - std::max(Micros(0), now - *page.first_attempt_at);
}

Instant RetryClock::first_attempt_at(const std::string& id, Tick sent_at, Instant now, Tick tick) const {
  const Trial& trial = trials_.at(id);
  return now - (tick - (trial.tried ? trial.first_attempt : sent_at));
}

void RetryClock::wait(const std::string& id, Tick sent_at, Tick until) {
  Trial& trial = trials_.at(id);
  if (!trial.tried) trial.first_attempt = sent_at;
  trial.tried = true;
  trial.not_before = until;
}

}  // namespace vhookd
