// Numbers, durations, sizes and shares as people write them. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vhookd::config {

// What an unquoted scalar is.
enum class Plain {
  text,
  integer,        // -?[0-9]+ without leading zeros
  number,         // with a point or an exponent, finite
  boolean,        // true, false
  loose_boolean,  // yes, no, on, off: a boolean for some YAML readers, text for others
  octal_looking,  // 010, 0x1F, 0o17: another number for other readers
  grouped,        // 1_000
  non_finite,     // .inf, .nan, 1e999
};
Plain plain_kind(std::string_view text);

std::optional<std::int64_t> parse_integer(std::string_view text);

// "500ms", "30s", "5m", "1h", "1d"; a fraction may stand before the unit. Whole milliseconds only.
// `bare`: what a number without unit counts, to the nearest millisecond, as ten seconds are no exact number of minutes;
// none: not a duration. A number too large is milliseconds::max().
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text,
                                                        std::optional<std::chrono::milliseconds> bare);
std::string show(std::chrono::milliseconds duration);  // in the largest unit that is exact

// A bare number of bytes, or with kB, MB, GB, TB (1000) or KiB, MiB, GiB, TiB (1024).
std::optional<std::int64_t> parse_bytes(std::string_view text);

// "40%" is 0.4.
std::optional<double> parse_share(std::string_view text);

}  // namespace vhookd::config
