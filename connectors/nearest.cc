#include "connectors/nearest.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace vhookd {
namespace {

char lower(char c) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

// Slips between two names: letters put in, left out, changed, or two neighbours swapped. Case is free.
std::size_t slips(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> now(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) now[j] = std::min(now[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, now);
  }
  return last[b.size()];
}

}  // namespace

std::vector<std::string> nearest(std::string_view wanted, const std::vector<std::string>& names) {
  const std::size_t most = 1 + wanted.size() / 4;
  std::vector<std::pair<std::size_t, std::string>> near;
  for (const auto& name : names) {
    const auto longer = std::max(name.size(), wanted.size());
    if (longer - std::min(name.size(), wanted.size()) > most) continue;  // spares the table of most names
    if (const auto count = slips(wanted, name); count <= most) near.emplace_back(count, name);
  }
  std::ranges::sort(near);
  std::vector<std::string> found;
  for (auto& [count, name] : near) {
    if (found.size() == 3) break;
    found.push_back(std::move(name));
  }
  return found;
}

}  // namespace vhookd
