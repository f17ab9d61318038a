// Who is healthy. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "core/clock.h"
#include "core/error.h"

namespace vhookd {

// One side of a webhook, its polls or its deliveries.
struct Side {
  int failed_in_a_row = 0;
  bool healthy = true;
  std::string last_error;  // of the last failure; empty after a success
  bool operator==(const Side&) const = default;

  void succeeded();
  // Unhealthy at the second failure in a row, or at once for what will not mend itself.
  void failed(const std::string& error, bool lasting);
};

// A person has to act before the same call can work.
bool is_lasting(Recourse recourse);

// Freshness: none while the last complete check is younger than three intervals plus a minute, else the
// sentence for last_error. `since`: when it was first due, for a webhook that never had a complete check.
std::optional<std::string> stale(std::optional<Instant> checked_at, Instant since, std::chrono::milliseconds interval,
                                 Instant now);

}  // namespace vhookd
