// Timestamps of rows as instants, and back in the form their column has, so that a bound can be
// compared by the database itself. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/clock.h"
#include "core/value.h"

namespace vhookd {

enum class StampForm {
  unknown,  // no row seen yet
  sql,      // 2026-11-23 09:00:00.123456, a timestamp type or text
  sql_utc,  // the same with +00: PostgreSQL's timestamptz
  iso,      // 2026-11-23T09:00:00.123Z as text
  seconds,  // since 1970, integer or real
  millis,
  micros,
};

struct Stamp {
  Instant at;
  StampForm form = StampForm::unknown;
};

// None for NULL and for what is no time (infinity, a date, another offset than UTC in text).
std::optional<Stamp> read_stamp(const Value& value);

// `at` cut down to a whole second, in that form, to be bound to a comparison. Cutting down makes a text
// bound sort before every spelling of the same second. REQUIRES: form is not unknown.
Param write_stamp(Instant at, StampForm form);

}  // namespace vhookd
