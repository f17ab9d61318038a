// Instants as text: RFC 3339 in UTC. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"

namespace vhookd {

std::string rfc3339(Instant at);          // 2026-11-23T09:00:00Z; .ffffff only where there is a fraction
std::string rfc3339_seconds(Instant at);  // cut to whole seconds
// Takes Z or a numeric offset, T or a space, up to 9 fraction digits (cut to 6). Nothing else.
std::optional<Instant> parse_rfc3339(std::string_view text);
// The same without the Z or offset, taken as UTC.
std::optional<Instant> parse_utc(std::string_view text);
// Either of these, or a date alone: its midnight.
std::optional<Instant> parse_time(std::string_view text);

// "0s", "59s", "3m12s", "2h05m", "4d03h".
std::string duration_text(double seconds);

}  // namespace vhookd
