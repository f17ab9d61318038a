#include "daemon/engine/engine_metrics.h"

namespace vhookd {

// Polls take a millisecond where nothing changed and minutes on a first sync.
const std::array<double, 14> poll_bounds = {0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300};
// A POST is given 15 s unless the configuration says otherwise.
const std::array<double, 12> attempt_bounds = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60};
// Milliseconds when all is well; after three days of retries a page is dead.
const std::array<double, 14> wait_bounds = {0.01, 0.05, 0.1, 0.25, 0.5, 1, 5, 15, 60, 300, 900, 3600, 21600, 86400};

void Histogram::observe(double seconds) {
  const auto bucket = std::ranges::lower_bound(bounds_, seconds) - bounds_.begin();
  ++buckets_[static_cast<std::size_t>(bucket)];
  ++count_;
  sum_ += seconds;
}

std::string_view name_of(Attempted outcome) {
  switch (outcome) {
    case Attempted::delivered:
      return "delivered";
    case Attempted::refused:
      return "refused";
    case Attempted::unanswered:
      return "unanswered";
    case Attempted::gone:
      return "gone";
    case Attempted::died:
      return "died";
  }
  return "";
}

}  // namespace vhookd
