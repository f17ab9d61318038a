// Parses the Retry-After header (RFC 9110, section 10.2.3): whole seconds, or a date in any of the three HTTP formats.
// Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"

namespace vhookd {

// "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT" or "Sun Nov  6 08:49:37 1994".
// `now` determines the century of a two-digit year. The day of the week is not checked.
std::optional<Instant> parse_http_date(std::string_view text, Instant now);

struct RetryAfter {
  std::chrono::milliseconds wait{0};  // from now, 0 to one day
  std::string note;                   // how the header was changed, for the operator; empty: used as sent
};

// The wait that the header requests. More than one day becomes one day. A value that is not a wait, or is longer than a
// year (a Unix time, milliseconds), is ignored: `wait` is 0 and there is a note.
RetryAfter read_retry_after(std::string_view header, Instant now);

}  // namespace vhookd
