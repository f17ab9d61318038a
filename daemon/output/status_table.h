// The table of `vhookd status`. Pure.
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
  std::optional<Instant> checked_at;     // none: never
  std::optional<Instant> next_check_at;  // none: none is due
  double lag_seconds = 0;
  std::string first_sync;  // how far it is, as first_sync_text(); empty: not under way
  std::int64_t queued_pages = 0;
  std::int64_t dead_pages = 0;
  std::string last_error;
  std::string next_attempt;  // "in 3m12s": a page that was refused is sent again then; empty: none waits for that
};

// "now", "in 3m12s".
std::string time_until(Instant at, Instant now);

// "45%, 3m12s left", "12000 rows, 900/s": of a first sync that has read `rows`.
std::string first_sync_text(std::int64_t rows, std::optional<std::int64_t> expected_rows, double rows_per_second,
                            std::optional<double> seconds_left);

std::string status_table(const std::vector<StatusRow>& rows, Instant now, const Terminal& terminal);

// The same for who watches: no more than the terminal's height holds, those that need attention first, and how many
// more there are. Where there is no terminal: all of them.
std::string watched_table(std::vector<StatusRow> rows, Instant now, const Terminal& terminal);

}  // namespace vhookd
