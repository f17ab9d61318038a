// What follows from one attempt to deliver a page: delivered, again later, gone, dead. Pure.
#pragma once

#include <string>
#include <variant>

#include "config/config.h"
#include "core/clock.h"

namespace vhookd {

struct Attempt {
  int status = 0;           // 0: no answer
  std::string retry_after;  // as sent; empty: none
  bool slow = false;        // no answer because time ran out
  int attempts = 0;         // made so far, this one included
  Instant first_attempt_at;
  Instant now;
  double random = 0;  // [0,1), for the jitter
};

struct Delivered {};
// `likely_permanent`: an answer that will hardly mend itself (404, 401, a redirect), so that the
// webhook's health may say so at once. It is retried all the same. `note`: what the operator should
// know of it beyond the status; often empty.
struct RetryAt {
  Instant at;
  bool likely_permanent = false;
  std::string note;
};
struct Gone {};  // 410: the webhook is paused, its pages kept
struct Dead {};  // retry.for has passed; kept, shown, replayable
using Verdict = std::variant<Delivered, RetryAt, Gone, Dead>;

// A page is dead where a failure comes at or after first_attempt_at + give_up_after; so there may be
// one attempt beyond the window, by at most one wait, and never none at all. Exponential back-off
// with full jitter, never under 100 ms; after 429 and 503 not before Retry-After (at most a day).
Verdict judge(const Attempt& attempt, const config::Retry& retry);

}  // namespace vhookd
