// The Retry-After header, RFC 9110 section 10.2.3: whole seconds, or a date in any of the three
// forms HTTP has known. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"

namespace vhookd {

// "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT" or "Sun Nov  6 08:49:37 1994".
// `now` tells which century a year of two digits means. Days of the week are not compared.
std::optional<Instant> parse_http_date(std::string_view text, Instant now);

struct Asked {
  std::chrono::milliseconds wait{0};  // from now on; 0 to one day
  std::string note;                   // what was done to the header, for the operator; empty: taken as sent
};

// What the header asks for. More than a day is cut to a day; what is no wait at all, or one of more
// than a year (a Unix time, milliseconds), is ignored: `wait` 0 and a note.
Asked read_retry_after(std::string_view header, Instant now);

}  // namespace vhookd
