// Documents and their values, as the document database for tests compares and filters them (document_source.h). Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "core/clock.h"
#include "core/filter.h"
#include "core/value.h"

namespace vhookd::testing {

// An object. Its fields hold JSON values, and times as date() makes them.
using Document = nlohmann::json;

Document date(Instant at);            // {"$date": microseconds since 1970}
Kind kind_of(const Document& value);  // objects and arrays: Kind::json

// The value of a top-level field, in the format of its kind (core/value.h). An absent field is NULL.
Param cell_of(const Document& document, const std::string& field);
Param time_cell(Instant at);
Value view(const Param& cell);  // valid as long as `cell`

// Below 0: `a` comes first; 0: equal. NULL, then numbers, booleans, times and texts. A text that is compared with a
// time, and reads as one, is a time.
int compare(const Param& a, const Param& b);

// As in every other database, NULL matches is_null alone.
bool matches(const Param& cell, const Filter& filter);

}  // namespace vhookd::testing
