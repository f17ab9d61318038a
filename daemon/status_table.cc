#include "daemon/status_table.h"

#include <cmath>

#include "core/time_text.h"

namespace vhookd {

namespace {

double seconds_between(Instant from, Instant to) {
  return std::chrono::duration<double>(to - from).count();
}

std::string next_check(const StatusRow& row, Instant now) {
  if (!row.next_check_at) return "-";
  const double left = seconds_between(now, *row.next_check_at);
  return left <= 0 ? "now" : "in " + duration_text(left);
}

Cell count(std::int64_t pages, Colour colour) {
  return {std::to_string(pages), pages == 0 ? Colour::plain : colour};
}

}  // namespace

std::string first_sync_text(std::int64_t rows, std::optional<std::int64_t> expected_rows, double rows_per_second,
                            std::optional<double> seconds_left) {
  if (!expected_rows || *expected_rows <= 0)
    return std::to_string(rows) + " rows, " + std::to_string(std::llround(rows_per_second)) + "/s";
  // An estimate may be too low: what is under way is never quite done.
  const auto percent = std::min<std::int64_t>(99, rows * 100 / *expected_rows);
  return std::to_string(percent) + "%" + (seconds_left ? ", " + duration_text(*seconds_left) + " left" : "");
}

std::string status_table(const std::vector<StatusRow>& rows, Instant now, const Terminal& terminal) {
  std::vector<std::vector<Cell>> cells;
  for (const StatusRow& row : rows) {
    const bool never = !row.checked_at.has_value();
    cells.push_back({{row.id},
                     {row.healthy ? "yes" : "no", row.healthy ? Colour::good : Colour::bad},
                     {row.paused ? "yes" : "no"},
                     {!row.first_sync.empty() ? "first sync: " + row.first_sync
                      : never                 ? "never"
                                              : rfc3339_seconds(*row.checked_at)},
                     {next_check(row, now)},
                     {never ? "-" : duration_text(row.lag_seconds)},
                     count(row.queued_pages, Colour::plain),
                     count(row.dead_pages, Colour::bad),
                     {row.last_error, Colour::bad}});
  }
  return table({"ID", "HEALTHY", "PAUSED", "LAST CHECK", "NEXT CHECK", "LAG", "QUEUED", "DEAD", "LAST ERROR"}, cells,
               terminal);
}

}  // namespace vhookd
