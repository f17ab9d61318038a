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
  double random = 0;   // [0,1), for the jitter
  int records = 1;     // in the page
  int rejections = 0;  // before this attempt, in a row
  bool part = false;   // the page came of a split
};

// The receiver refuses the page for what it holds: 400, 413, 422.
bool is_rejection(int status);

struct Delivered {};
// `likely_permanent`: an answer that will hardly mend itself (404, 401, a redirect), which the note and the log
// say. It is retried all the same. `note`: what the operator should know of it beyond the status; often empty.
struct RetryAt {
  Instant at;
  bool likely_permanent = false;
  std::string note;
};
struct Gone {};      // 410: the webhook is paused, its pages kept
struct Dead {};      // retry.for has passed; kept, shown, replayable
struct Split {};     // refused again and again, or once where it is part of such a page: to be halved
struct Isolated {};  // one record alone, refused again and again: dead, and no reason for what follows to wait
using Verdict = std::variant<Delivered, RetryAt, Gone, Dead, Split, Isolated>;

// So many rejections in a row are "again and again", with the back-off between them: one may be a receiver that is
// being restarted.
constexpr int rejections_to_split = 3;

// A page is dead where a failure comes at or after first_attempt_at + give_up_after; so there may be
// one attempt beyond the window, by at most one wait, and never none at all. Exponential back-off
// with full jitter, never under 100 ms; after 429 and 503 not before Retry-After (at most a day).
Verdict judge(const Attempt& attempt, const config::Retry& retry, config::OnReject on_reject = config::OnReject::hold);

}  // namespace vhookd
