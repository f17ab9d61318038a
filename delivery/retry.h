// Decides what follows from one attempt to deliver a page: delivered, retried later, gone, dead, or split. Pure.
#pragma once

#include <string>
#include <variant>

#include "config/config.h"
#include "core/clock.h"

namespace vhookd {

struct Attempt {
  int status = 0;           // 0: no answer
  std::string retry_after;  // the header as sent; empty: none
  bool slow = false;        // no answer because of a timeout
  int attempts = 0;         // so far, including this one
  Instant first_attempt_at;
  Instant now;
  double random = 0;   // in [0,1), for the jitter
  int records = 1;     // records in the page
  int rejections = 0;  // consecutive rejections before this attempt
  bool part = false;   // the page is a part of a split page
};

// Whether the receiver rejects the page because of its content: 400, 413, 422.
bool is_rejection(int status);

struct Delivered {};
// `likely_permanent`: the answer will probably be the same again (404, 401, a redirect); the page is retried anyway,
// and the note and the log say so. `note`: information for the operator in addition to the status; often empty.
struct RetryAt {
  Instant at;
  bool likely_permanent = false;
  std::string note;
};
struct Gone {};      // 410: the webhook is paused and its pages are kept
struct Dead {};      // retry.for has passed: the page is kept, shown, and can be replayed
struct Split {};     // rejected repeatedly, or once if it is a part of a split page: to be halved
struct Isolated {};  // a single record rejected repeatedly: dead, and later pages do not wait
using Verdict = std::variant<Delivered, RetryAt, Gone, Dead, Split, Isolated>;

// The number of consecutive rejections, with back-off between them, after which a page is split: a single one may come
// from a receiver that is restarting.
constexpr int rejections_to_split = 3;

// A page is dead if an attempt fails at or after first_attempt_at + give_up_after, so one attempt may be later than
// that by at most one wait, and there is always at least one attempt. Waits use exponential back-off with full jitter,
// and are at least 100 ms; after 429 and 503 they are at least Retry-After (at most one day).
Verdict judge(const Attempt& attempt, const config::Retry& retry, config::OnReject on_reject = config::OnReject::hold);

}  // namespace vhookd
