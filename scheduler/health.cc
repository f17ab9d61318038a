#include "scheduler/health.h"

#include "core/time_text.h"

namespace vhookd {

void Side::succeeded() {
  *this = {};
}

void Side::failed(const std::string& error, bool lasting) {
  ++failed_in_a_row;
  last_error = error;
  if (lasting || failed_in_a_row >= 2) healthy = false;
}

bool is_lasting(Recourse recourse) {
  return recourse == Recourse::ask_operator || recourse == Recourse::give_up;
}

std::optional<std::string> stale(std::optional<Instant> checked_at, Instant since, std::chrono::milliseconds interval,
                                 Instant now) {
  const auto from = checked_at.value_or(since);
  if (now - from <= 3 * interval + std::chrono::minutes(1)) return std::nullopt;
  const std::string last =
      checked_at ? "the last complete check was at " + rfc3339_seconds(*checked_at) : "there was no complete check yet";
  return last + ", longer ago than three intervals and a minute";
}

}  // namespace vhookd
