// What goes out of one page, and what the operator reads of its answer. Pure.
#pragma once

#include <optional>
#include <string>

#include "config/config.h"
#include "core/clock.h"
#include "core/page.h"
#include "daemon/engine/engine_metrics.h"
#include "delivery/retry.h"
#include "delivery/transport.h"
#include "store/store.h"

namespace vhookd {

// A page with what delivery needs to go on with it, from the queue or sent again beside it.
struct Parcel {
  Page page;
  int attempts = 0;
  Instant queued_at;
  std::string url;          // where it goes
  bool elsewhere = false;   // that is another URL than the webhook's own
  bool replayed = false;    // somebody asked for it: vhookd-replay says so
  std::int64_t replay = 0;  // Replay::number; 0: from the queue
  int rejections = 0;
  bool part = false;
};
Parcel parcel_of(QueuedPage&& head, const config::Webhook& webhook);
Parcel parcel_of(Replay&& replay, const config::Webhook& webhook);

// The POST: signed for `now`, with the webhook's own headers. A page that goes to another host, port or scheme than
// hook_url's goes without those: what they hold may be a password, and is meant for the receiver alone.
Request make_request(std::uint64_t ticket, const config::Webhook& webhook, const Parcel& parcel, Instant now);

// Scheme, host and port in one spelling: who shares it shares an endpoint.
std::string origin_of(const std::string& url);

Attempt attempt_of(const Parcel& parcel, const Outcome& outcome, Instant first_attempt_at, Instant now, double random);
// The same for the counters.
Attempted attempted(const Verdict& verdict, const Outcome& outcome, bool replay);

// What the operator reads of an attempt that failed.
std::string failure_text(const config::Webhook& webhook, const Outcome& outcome, const std::string& note);

}  // namespace vhookd
