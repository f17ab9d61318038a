#include "core/crash_point.h"

#include <algorithm>
#include <charconv>
#include <csignal>

namespace vhookd {

namespace {

constexpr int most_passes = 1'000'000;

// Global because a crash ends the whole process.
std::atomic<int> passes_left{0};

std::string names() {
  std::string text;
  for (const auto name : crash_point_names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

}  // namespace

std::atomic<int> crash::armed{crash::nowhere};

void crash::pass() {
  if (passes_left.fetch_sub(1) == 1) std::raise(SIGKILL);
}

std::expected<void, std::string> arm_crash(std::string_view where) {
  const auto colon = std::min(where.find(':'), where.size());
  const auto name = where.substr(0, colon);
  const auto found = std::ranges::find(crash_point_names, name);
  if (found == crash_point_names.end()) return std::unexpected("no such crash point; expected one of " + names());
  int passes = 1;
  if (colon < where.size()) {
    const auto number = where.substr(colon + 1);
    const auto [end, code] = std::from_chars(number.data(), number.data() + number.size(), passes);
    if (code != std::errc() || end != number.data() + number.size() || passes < 1 || passes > most_passes)
      return std::unexpected("expected NAME:N with N from 1 to 1000000");
  }
  passes_left = passes;
  crash::armed = static_cast<int>(found - crash_point_names.begin());
  return {};
}

}  // namespace vhookd
