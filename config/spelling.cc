#include "config/spelling.h"

#include <algorithm>

#include "config/report.h"
#include "core/text.h"

namespace vhookd::config {

namespace {

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

std::string folded(std::string_view name) {
  std::string out;
  for (const char c : name)
    if (c != '_' && c != '-') out += lower(c);
  return out;
}

// Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

bool spells(std::string_view written, std::string_view known) {
  if (written == known) return true;
  std::size_t at = 0;
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (known[i] == '_') continue;
    if (at == written.size()) return false;
    const bool begins_word = i > 0 && known[i - 1] == '_';
    const bool fits = begins_word ? written[at] == upper(known[i])
                                  : written[at] == known[i] || (i == 0 && written[at] == upper(known[i]));
    if (!fits) return false;
    ++at;
  }
  return at == written.size();
}

std::vector<std::string> other_spellings(std::string_view known) {
  std::string camel;
  bool begins_word = false;
  for (const char c : known) {
    if (c != '_') camel += begins_word ? upper(c) : c;
    begins_word = c == '_';
  }
  std::string pascal = camel;
  pascal[0] = upper(pascal[0]);
  if (camel == known) return {pascal};
  return {pascal, camel};
}

std::string nearest(std::string_view written, const std::vector<std::string>& known) {
  constexpr std::size_t longest = 64;  // the distance table grows with the product of the lengths
  if (written.size() > longest) return {};
  const std::string wanted = folded(written);
  std::string best;
  std::size_t least = std::max<std::size_t>(1, wanted.size() / 3) + 1;
  for (const std::string& name : known) {
    const std::string other = folded(name);
    const bool prefix =
        std::min(wanted.size(), other.size()) >= 3 && (wanted.starts_with(other) || other.starts_with(wanted));
    const std::size_t steps = prefix ? 1 : distance(wanted, other);
    if (steps >= least) continue;
    least = steps;
    best = name;
  }
  return best;
}

std::string suggestion(std::string_view written, const std::vector<std::string>& known) {
  const std::string near = nearest(written, known);
  if (!near.empty()) return "; did you mean " + near + "?";
  return "; expected one of " + joined(known);
}

}  // namespace vhookd::config
