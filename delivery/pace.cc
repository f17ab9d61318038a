#include "delivery/pace.h"

#include <algorithm>
#include <cmath>

namespace vhookd {

namespace {

using std::chrono::milliseconds;

constexpr Micros least_outage = std::chrono::seconds(1);
constexpr Micros widest_gap = std::chrono::seconds(1);
constexpr Micros least_gap = milliseconds(20);

}  // namespace

Sign sign_of(int status, bool slow) {
  if (slow || status == 429 || (status >= 502 && status <= 504)) return Sign::overloaded;
  if (status == 0 || status >= 500) return Sign::failed;
  return status >= 200 && status < 300 ? Sign::delivered : Sign::answered;
}

void Pace::note(Sign sign, Tick now) {
  if (sign == Sign::delivered || sign == Sign::answered) {
    const bool outage = failed_in_a_row_ >= 2 && now - failing_since_ >= least_outage;
    failed_in_a_row_ = 0;
    if (outage) {
      window_ = 1;
      gap_ = std::min(widest_gap, (now - failing_since_) / 10);
    } else if (sign == Sign::delivered) {
      window_ = std::min(most_, window_ + 1);
      gap_ = gap_ / 2 < least_gap ? Micros(0) : gap_ / 2;
    }
    return;
  }
  if (failed_in_a_row_++ == 0) failing_since_ = now;
  if (sign == Sign::overloaded || failed_in_a_row_ >= 2) window_ = std::max(1, window_ / 2);
}

void RateLimit::started(Tick now, double per_second) {
  next_ = now + Micros(static_cast<std::int64_t>(std::ceil(1e6 / per_second)));
}

}  // namespace vhookd
