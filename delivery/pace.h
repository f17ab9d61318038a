// Pace limits the rate of requests to one endpoint: it slows down when the endpoint is overloaded, and starts slowly
// after an outage, so that the waiting webhooks do not all send at once. RateLimit implements rate_limit. Pure.
#pragma once

#include "core/clock.h"

namespace vhookd {

// What one attempt says about the endpoint. overloaded: 429, 502, 503, 504 or a timeout. failed: another 5xx, or no
// answer at all. answered: the endpoint works and rejects this one request.
enum class Sign { delivered, overloaded, failed, answered };
Sign sign_of(int status, bool slow);  // status 0: no answer; slow: because of a timeout

class Pace {
 public:
  // `most`: the most concurrent POSTs to a healthy endpoint.
  explicit Pace(int most) : most_(most), window_(most) {}

  // The most concurrent POSTs now: halved by each overload, increased by one by each success.
  int window() const { return window_; }
  // The earliest start of the next POST. There is a gap between POSTs only after an outage of one second or more: at
  // first a tenth of the outage, at most one second, and half as much after each success.
  Tick not_before() const { return last_start_ + gap_; }
  void started(Tick now) { last_start_ = now; }
  void note(Sign sign, Tick now);

  bool slowed() const { return window_ < most_; }
  bool at_rest() const {
    return !slowed() && gap_ == Micros(0) && failed_in_a_row_ == 0;
  }  // same state as a new object

 private:
  int most_;
  int window_;
  int failed_in_a_row_ = 0;
  Tick failing_since_;
  Tick last_start_;
  Micros gap_{0};
};

// At most `per_second` POSTs per second, evenly spaced.
class RateLimit {
 public:
  Tick not_before() const { return next_; }
  void started(Tick now, double per_second);

 private:
  Tick next_;
};

}  // namespace vhookd
