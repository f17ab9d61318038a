#include "core/clock.h"

namespace vhookd {

Instant SystemClock::now() const {
  return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now());
}

Tick SystemClock::tick() const {
  return std::chrono::time_point_cast<Micros>(std::chrono::steady_clock::now());
}

}  // namespace vhookd
