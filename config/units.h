// Parses numbers, durations, sizes and percentages. Pure. Parsers return nullopt for any other text.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vhookd::config {

// The kind of an unquoted ("plain") YAML scalar.
enum class Plain {
  text,
  integer,        // -?[0-9]+ without leading zeros
  number,         // with a point or an exponent, finite
  boolean,        // true, false
  loose_boolean,  // yes, no, on, off: a boolean for some YAML parsers, text for others
  octal_looking,  // 010, 0x1F, 0o17: YAML parsers disagree on the number
  grouped,        // 1_000
  non_finite,     // .inf, .nan, 1e999
};
Plain plain_kind(std::string_view text);

std::optional<std::int64_t> parse_integer(std::string_view text);

// "500ms", "30s", "5m", "1h", "1d", also with a fraction; the result must be a whole number of milliseconds.
// `bare`: the unit of a number without one, rounded to the nearest millisecond, because ten seconds are not an exact
// number of minutes; nullopt: a unit is required. A number that is too large gives milliseconds::max().
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text,
                                                        std::optional<std::chrono::milliseconds> bare);
std::string show(std::chrono::milliseconds duration);  // in the largest unit that gives a whole number

// A number of bytes, or a number with kB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB (powers of 1024).
std::optional<std::int64_t> parse_bytes(std::string_view text);

// "40%" gives 0.4.
std::optional<double> parse_share(std::string_view text);

}  // namespace vhookd::config
