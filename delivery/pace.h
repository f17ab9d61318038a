// How fast one endpoint is sent to: it takes back where the endpoint is overloaded, and goes on slowly after an
// outage, so that all who wait for it do not come at once. Pure.
#pragma once

#include "core/clock.h"

namespace vhookd {

// What one attempt tells of the endpoint. overloaded: 429, 502, 503, 504 or no answer in time. failed: another
// 5xx, or no answer at all. answered: it is there, and refuses this one request.
enum class Sign { delivered, overloaded, failed, answered };
Sign sign_of(int status, bool slow);  // status 0: no answer; slow: because time ran out

class Pace {
 public:
  // `most`: POSTs under way at once where all is well.
  explicit Pace(int most) : most_(most), window_(most) {}

  // POSTs that may be under way at once: halved for each overload, one more for each success.
  int window() const { return window_; }
  // The next POST should not begin before this. Only after an outage of a second or more: a tenth of it, at most a
  // second, lies between two at first, and half as much after each success.
  Tick not_before() const { return last_start_ + gap_; }
  void started(Tick now) { last_start_ = now; }
  void note(Sign sign, Tick now);

  bool slowed() const { return window_ < most_; }
  bool at_rest() const { return !slowed() && gap_ == Micros(0) && failed_in_a_row_ == 0; }  // as one that is new

 private:
  int most_;
  int window_;
  int failed_in_a_row_ = 0;
  Tick failing_since_;
  Tick last_start_;
  Micros gap_{0};
};

// At most so many POSTs a second, evenly spread: any second sees no more.
class RateLimit {
 public:
  Tick not_before() const { return next_; }
  void started(Tick now, double per_second);

 private:
  Tick next_;
};

}  // namespace vhookd
