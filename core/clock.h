// Clock: the only access to the time. Code that depends on the time takes a Clock as a parameter; only SystemClock
// reads the system's clocks.
#pragma once

#include <chrono>
#include <cstdint>

namespace vhookd {

using Micros = std::chrono::microseconds;
using Instant = std::chrono::sys_time<Micros>;  // wall clock, UTC; may jump in either direction
using Tick = std::chrono::time_point<std::chrono::steady_clock, Micros>;  // monotonic

// Microseconds since 1970, as state and checkpoints hold an Instant.
inline std::int64_t micros(Instant at) {
  return at.time_since_epoch().count();
}

// Thread-safe. Tests use a clock that they set themselves.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;  // for times that are shown, stored or signed
  virtual Tick tick() const = 0;    // for intervals, back-off and timeouts
};

// The system's clocks.
class SystemClock final : public Clock {
 public:
  Instant now() const override;
  Tick tick() const override;
};

}  // namespace vhookd
