#include "daemon/output/status_table.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>

#include "core/time_text.h"

namespace vhookd {

namespace {

double seconds_between(Instant from, Instant to) {
  return std::chrono::duration<double>(to - from).count();
}

std::string next_check(const StatusRow& row, Instant now) {
  return row.next_check_at ? time_until(*row.next_check_at, now) : "-";
}

// On a narrow terminal: the time of a poll today, or the date of an earlier one.
std::string last_check(const StatusRow& row, Instant now, bool narrow) {
  if (!row.first_sync.empty()) return "first sync: " + row.first_sync;
  if (!row.checked_at) return "never";
  std::string whole = rfc3339_seconds(*row.checked_at);
  if (!narrow) return whole;
  constexpr std::size_t day = std::string_view("2026-11-23").size();
  return whole.starts_with(rfc3339_seconds(now).substr(0, day)) ? whole.substr(day + 1) : whole.substr(0, day);
}

Cell error_cell(const StatusRow& row) {
  const std::string again = row.next_attempt.empty() ? "" : "sent again " + row.next_attempt;
  if (row.last_error.empty()) return {again, Colour::plain};
  return {row.last_error + (again.empty() ? "" : "; " + again), Colour::bad};
}

bool needs_attention(const StatusRow& row) {
  return !row.healthy && !row.paused;
}

Cell count(std::int64_t pages, Colour colour) {
  return {std::to_string(pages), pages == 0 ? Colour::plain : colour};
}

}  // namespace

std::string time_until(Instant at, Instant now) {
  const double left = seconds_between(now, at);
  return left < 1 ? "now" : "in " + duration_text(left);
}

std::string first_sync_text(std::int64_t rows, std::optional<std::int64_t> expected_rows, double rows_per_second,
                            std::optional<double> seconds_left) {
  if (!expected_rows || *expected_rows <= 0)
    return std::to_string(rows) + " rows, " + std::to_string(std::llround(rows_per_second)) + "/s";
  // The estimate may be too low, so a running first sync shows at most 99%.
  const auto percent = std::min<std::int64_t>(99, rows * 100 / *expected_rows);
  return std::to_string(percent) + "%" + (seconds_left ? ", " + duration_text(*seconds_left) + " left" : "");
}

std::string status_table(const std::vector<StatusRow>& rows, Instant now, const Terminal& terminal) {
  constexpr int narrow_columns = 120;
  const bool narrow = terminal.width > 0 && terminal.width < narrow_columns;
  std::vector<std::vector<Cell>> cells;
  for (const StatusRow& row : rows) {
    const bool never = !row.checked_at.has_value();
    cells.push_back({{row.id},
                     {row.healthy ? "yes" : "no", row.healthy ? Colour::good : Colour::bad},
                     {row.paused ? "yes" : "no"},
                     {last_check(row, now, narrow)},
                     {next_check(row, now)},
                     {never ? "-" : duration_text(row.lag_seconds)},
                     count(row.queued_pages, Colour::plain),
                     count(row.dead_pages, Colour::bad),
                     error_cell(row)});
  }
  return table({"ID", "HEALTHY", "PAUSED", "LAST CHECK", "NEXT CHECK", "LAG", "QUEUED", "DEAD", "LAST ERROR"}, cells,
               terminal, NarrowTable::cut);
}

std::string watched_table(std::vector<StatusRow> rows, Instant now, const Terminal& terminal) {
  if (terminal.height <= 0) return status_table(rows, now, terminal);
  std::ranges::stable_sort(rows, {}, [](const StatusRow& row) {
    return needs_attention(row) ? 0 : row.paused ? 1 : 2;
  });
  // Leave one line for the number of further webhooks and one for the cursor.
  const auto room = static_cast<std::ptrdiff_t>(std::max(terminal.height - 2, 2));
  std::size_t count = std::min(rows.size(), static_cast<std::size_t>(room));
  std::string text;
  for (;; --count) {
    text = status_table({rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(count)}, now, terminal);
    if (count == 0 || std::ranges::count(text, '\n') <= room) break;
  }
  if (count == rows.size()) return text;
  const auto attention = std::ranges::count_if(std::span(rows).subspan(count), needs_attention);
  return text + "and " + std::to_string(rows.size() - count) + " more, " +
         (attention == 0 ? "none" : std::to_string(attention)) + " of them unhealthy\n";
}

}  // namespace vhookd
