// Formats and parses instants as RFC 3339 text in UTC. Pure. Parsers return nullopt for any other text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"

namespace vhookd {

std::string rfc3339(Instant at);          // 2026-11-23T09:00:00Z, with .ffffff only if there is a fraction
std::string rfc3339_seconds(Instant at);  // truncated to whole seconds
// Accepts Z or a numeric offset, T or a space, and up to 9 fraction digits (truncated to 6).
std::optional<Instant> parse_rfc3339(std::string_view text);
// The same without Z or offset; the time is UTC.
std::optional<Instant> parse_utc(std::string_view text);
// Accepts either form, or a date alone, which means midnight UTC.
std::optional<Instant> parse_time(std::string_view text);

// "0s", "59s", "3m12s", "2h05m", "4d03h".
std::string duration_text(double seconds);

}  // namespace vhookd
