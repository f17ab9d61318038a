#include "daemon/page/sparkline.h"

#include <algorithm>
#include <cmath>

namespace vhookd {

namespace {

constexpr std::size_t most_bars = 30;
constexpr int step = 4;     // of one bar, in the SVG's units
constexpr int height = 24;  // of the whole
constexpr int least = 3;
constexpr int highest = 22;

int bar_height(const Run& run, double most) {
  if (!run.ok) return highest;
  if (run.records == 0) return least;
  const double share = most <= 1 ? 1 : std::log1p(static_cast<double>(run.records)) / std::log1p(most);
  return least + 3 + static_cast<int>(std::lround(share * (highest - least - 3)));
}

std::string spoken(std::span<const Run> runs) {
  const auto failed = std::ranges::count(runs, false, &Run::ok);
  std::int64_t records = 0;
  for (const Run& run : runs) records += run.records;
  return "last " + std::to_string(runs.size()) + (runs.size() == 1 ? " run: " : " runs: ") + std::to_string(failed) +
         " failed, " + std::to_string(records) + " records";
}

}  // namespace

std::string sparkline(std::span<const Run> runs) {
  if (runs.empty()) return "<span class=\"none\">no runs yet</span>";
  const auto shown = runs.first(std::min(runs.size(), most_bars));
  std::int64_t most = 0;
  for (const Run& run : shown) most = std::max(most, run.records);
  std::string good;
  std::string failed;
  int x = static_cast<int>(most_bars - shown.size()) * step + step / 2;
  for (auto run = shown.rbegin(); run != shown.rend(); ++run, x += step) {
    std::string& path = run->ok ? good : failed;
    path += "M" + std::to_string(x) + " " + std::to_string(height) + "v-" +
            std::to_string(bar_height(*run, static_cast<double>(most)));
  }
  const std::string width = std::to_string(most_bars * step);
  std::string svg = R"(<svg class="spark" viewBox="0 0 )" + width + " " + std::to_string(height) +
                    R"(" preserveAspectRatio="none" role="img"><title>)" + spoken(shown) +
                    R"(</title><path class="base" d="M0 23.5h)" + width + "\"/>";
  if (!good.empty()) svg += R"(<path class="ok" d=")" + good + "\"/>";
  if (!failed.empty()) svg += R"(<path class="failed" d=")" + failed + "\"/>";
  return svg + "</svg>";
}

}  // namespace vhookd
