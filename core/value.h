// A value as the database sent it: a kind and its text. scheduler/payload/encode.h converts it to JSON once, directly
// into the page; it is never parsed and printed again.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace vhookd {

// What the text of a value means, with the format in which connectors return it:
enum class Kind : std::uint8_t {
  integer,      // -?[0-9]+, any size
  decimal,      // exact NUMERIC/DECIMAL digits, also NaN, Infinity, -Infinity
  real,         // shortest text that reads back to the same float or double; NaN, Infinity, -Infinity
  boolean,      // t or 1, f or 0; another integer (MySQL tinyint(1) may contain 5) stays an integer
  text,         // bytes expected to be UTF-8; invalid UTF-8 is delivered as {"$base64":…}
  json,         // JSON that the server has validated
  loose_json,   // declared as JSON but not validated (SQLite, MariaDB): checked, and delivered as text if invalid
  timestamp,    // YYYY-MM-DD HH:MM:SS[.ffffff][ BC], no zone; 'infinity' and '-infinity' are passed on as text
  timestamptz,  // the same in UTC, with or without a trailing +00; from SQLite also with T instead of the space, and Z
                // or +hh:mm
  binary,       // raw bytes
  hex,          // binary as hex digits (PostgreSQL's \x… without the \x)
  array,        // PostgreSQL array literal {…}; `element` is the kind of its elements
};

// A view of one value. The connector owns `text`, which is valid until the row callback returns.
struct Value {
  Kind kind = Kind::text;
  Kind element = Kind::text;  // element kind of arrays
  bool null = false;
  std::string_view text;
};

using Row = std::span<const Value>;

// Called for each row. Return false to stop reading.
using OnRow = std::function<bool(Row)>;

// A value that owns its text: a bound statement parameter, or a value in a cursor or a filter.
struct Param {
  Kind kind = Kind::text;
  bool null = false;
  std::string text;
  bool operator==(const Param&) const = default;
};

}  // namespace vhookd
