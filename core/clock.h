// Time as a value. Everything that decides by time is handed a Clock; nothing else reads one.
#pragma once

#include <chrono>

namespace vhookd {

using Micros = std::chrono::microseconds;
using Instant = std::chrono::sys_time<Micros>;                            // wall clock, UTC; may jump
using Tick = std::chrono::time_point<std::chrono::steady_clock, Micros>;  // monotonic

// One of the three seams of the program. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;  // for what is shown, stored and signed
  virtual Tick tick() const = 0;    // for intervals, back-off and timeouts
};

// The clocks of the machine.
class SystemClock final : public Clock {
 public:
  Instant now() const override;
  Tick tick() const override;
};

}  // namespace vhookd
