// Formats the table of `vhookd status`. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "daemon/output/terminal.h"

namespace vhookd {

struct StatusRow {
  std::string id;
  bool healthy = true;
  bool paused = false;
  std::optional<Instant> checked_at;     // nullopt: never
  std::optional<Instant> next_check_at;  // nullopt: no poll is scheduled
  double lag_seconds = 0;
  std::string first_sync;  // progress, from first_sync_text(); empty: no first sync is running
  std::int64_t queued_pages = 0;
  std::int64_t dead_pages = 0;
  std::string last_error;
  std::string next_attempt;  // "in 3m12s": when the rejected page is sent again; empty: no page waits for a retry
};

// "now", "in 3m12s".
std::string time_until(Instant at, Instant now);

// "45%, 3m12s left" or "12000 rows, 900/s": the progress of a first sync that has read `rows`.
std::string first_sync_text(std::int64_t rows, std::optional<std::int64_t> expected_rows, double rows_per_second,
                            std::optional<double> seconds_left);

std::string status_table(const std::vector<StatusRow>& rows, Instant now, const Terminal& terminal);

// The same for --watch: as many rows as fit on the terminal, unhealthy webhooks first, and a line with the number of
// further ones. If the output is not a terminal, all rows.
std::string watched_table(std::vector<StatusRow> rows, Instant now, const Terminal& terminal);

}  // namespace vhookd
