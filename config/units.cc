#include "config/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "core/text.h"

namespace vhookd::config {

namespace {

using std::chrono::milliseconds;

bool digit(char c) {
  return c >= '0' && c <= '9';
}

std::size_t digits_at(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::find_if_not(text, digit) - text.begin());
}

constexpr std::size_t most_fraction = 9;  // digits; no unit here needs more

// "12.5" and the text after it.
struct Amount {
  std::string_view whole;
  std::string_view fraction;
  std::string_view rest;
};

std::optional<Amount> split_amount(std::string_view text, std::size_t longest_fraction = most_fraction) {
  Amount amount;
  amount.whole = text.substr(0, digits_at(text));
  text.remove_prefix(amount.whole.size());
  if (amount.whole.empty() || (amount.whole.size() > 1 && amount.whole[0] == '0')) return std::nullopt;
  if (text.starts_with('.')) {
    amount.fraction = text.substr(1, digits_at(text.substr(1)));
    if (amount.fraction.empty() || amount.fraction.size() > longest_fraction) return std::nullopt;
    text.remove_prefix(1 + amount.fraction.size());
  }
  amount.rest = text;
  return amount;
}

// amount * unit. Returns nullopt if the product is not a whole number, unless `round` is set, and the largest number if
// it is too large.
std::optional<std::int64_t> times(const Amount& amount, std::int64_t unit, bool round = false) {
  if (amount.whole.size() > 16) return std::numeric_limits<std::int64_t>::max();
  __extension__ using Wide = __int128;
  Wide scaled = 0;
  Wide scale = 1;
  for (const char c : amount.whole) scaled = scaled * 10 + (c - '0');
  if (amount.fraction.size() > most_fraction && !round) return std::nullopt;
  for (const char c : amount.fraction.substr(0, most_fraction)) {
    scaled = scaled * 10 + (c - '0');
    scale *= 10;
  }
  scaled *= unit;
  if (round) scaled += scale / 2;
  if (scaled % scale != 0 && !round) return std::nullopt;
  return static_cast<std::int64_t>(std::min<Wide>(scaled / scale, std::numeric_limits<std::int64_t>::max()));
}

struct Unit {
  std::string_view name;
  std::int64_t worth;
};

constexpr std::array time_units = {Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1'000},
                                   Unit{"ms", 1}};
constexpr std::array size_units = {
    Unit{"", 1},
    Unit{"kB", 1'000},
    Unit{"MB", 1'000'000},
    Unit{"GB", 1'000'000'000},
    Unit{"TB", 1'000'000'000'000},
    Unit{"KiB", std::int64_t{1} << 10},
    Unit{"MiB", std::int64_t{1} << 20},
    Unit{"GiB", std::int64_t{1} << 30},
    Unit{"TiB", std::int64_t{1} << 40},
};

bool finite(std::string_view number) {
  if (number.starts_with('+')) number.remove_prefix(1);
  double value = 0;
  const auto [end, fault] = std::from_chars(number.data(), number.data() + number.size(), value);
  return fault == std::errc() && std::isfinite(value);
}

// An optional point with digits, then an optional exponent. `whole`: digits precede it.
bool fraction_and_exponent(std::string_view text, bool whole) {
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::size_t count = digits_at(text);
    if (count == 0 && !whole) return false;
    text.remove_prefix(count);
  }
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text.remove_prefix(1);
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && digits_at(text) == text.size();
}

}  // namespace

Plain plain_kind(std::string_view text) {
  if (one_of(text, {"true", "True", "TRUE", "false", "False", "FALSE"})) return Plain::boolean;
  if (one_of(text, {"yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF"}))
    return Plain::loose_boolean;
  if (one_of(text, {".nan", ".NaN", ".NAN"})) return Plain::non_finite;
  std::string_view rest = text;
  if (rest.starts_with('-') || rest.starts_with('+')) rest.remove_prefix(1);
  if (one_of(rest, {".inf", ".Inf", ".INF"})) return Plain::non_finite;
  if (rest.empty() || (!digit(rest[0]) && rest[0] != '.')) return Plain::text;
  if (rest.size() > 2 && rest[0] == '0' && one_of(rest.substr(1, 1), {"x", "o", "b", "X", "O", "B"}) &&
      std::ranges::all_of(rest.substr(2), [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }))
    return Plain::octal_looking;
  if (digit(rest[0]) && rest.contains('_') &&
      std::ranges::all_of(rest, [](char c) { return digit(c) || c == '_' || c == '.'; }))
    return Plain::grouped;
  const std::size_t whole = digits_at(rest);
  const bool number = whole == rest.size() || fraction_and_exponent(rest.substr(whole), whole > 0);
  if (!number) return Plain::text;
  if (whole > 1 && rest[0] == '0') return Plain::octal_looking;
  if (whole == rest.size()) return Plain::integer;
  return finite(text) ? Plain::number : Plain::non_finite;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  if (plain_kind(text) != Plain::integer) return std::nullopt;
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<milliseconds> parse_duration(std::string_view text, std::optional<milliseconds> bare) {
  constexpr std::size_t longest_double = 24;  // digits: as JSON writes ten seconds in minutes, 0.16666666666666666
  const auto amount = split_amount(text, longest_double);
  if (!amount) return std::nullopt;
  const bool is_bare = amount->rest.empty() && bare;
  std::optional<std::int64_t> unit;
  if (is_bare) unit = bare->count();
  for (const Unit& known : time_units)
    if (amount->rest == known.name) unit = known.worth;
  if (!unit) return std::nullopt;
  const auto total = times(*amount, *unit, is_bare);
  if (!total) return std::nullopt;
  return milliseconds(*total);
}

std::string show(milliseconds duration) {
  if (duration.count() == 0) return "0s";
  const auto* unit = std::ranges::find_if(time_units, [&](const Unit& u) { return duration.count() % u.worth == 0; });
  return std::to_string(duration.count() / unit->worth).append(unit->name);
}

std::optional<std::int64_t> parse_bytes(std::string_view text) {
  const auto amount = split_amount(text);
  if (!amount) return std::nullopt;
  for (const Unit& unit : size_units)
    if (amount->rest == unit.name) return times(*amount, unit.worth);
  return std::nullopt;
}

std::optional<double> parse_share(std::string_view text) {
  const auto amount = split_amount(text);
  if (!amount || amount->rest != "%") return std::nullopt;
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size() - 1, value);
  return value / 100;
}

}  // namespace vhookd::config
