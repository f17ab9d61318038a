// A value as the database sent it: a kind and its text. It is turned to JSON once, straight into
// the page (scheduler/payload/encode.h), and never parsed and printed again.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace vhookd {

// What the text of a value means. The text of each kind, as connectors hand it over:
enum class Kind : std::uint8_t {
  integer,      // -?[0-9]+, any size
  decimal,      // exact NUMERIC/DECIMAL digits, also NaN, Infinity, -Infinity
  real,         // shortest text that reads back to the same float or double; NaN, Infinity, -Infinity
  boolean,      // t or 1, f or 0; another integer (MySQL tinyint(1) may hold 5) stays an integer
  text,         // bytes that should be UTF-8; those that are not are delivered as {"$base64":…}
  json,         // JSON the server vouches for
  loose_json,   // JSON by name only (SQLite, MariaDB): checked, and delivered as text if it is none
  timestamp,    // YYYY-MM-DD HH:MM:SS[.ffffff][ BC], no zone; 'infinity' and '-infinity' pass as text
  timestamptz,  // the same in UTC, with or without a trailing +00; or, T or space between, with Z or +hh:mm (SQLite)
  binary,       // raw bytes
  hex,          // binary as hex digits (PostgreSQL's \x… without the \x)
  array,        // PostgreSQL array literal {…}; `element` says of what
};

// A view of one value; `text` belongs to the connector and lives until the row callback returns.
struct Value {
  Kind kind = Kind::text;
  Kind element = Kind::text;  // of arrays
  bool null = false;
  std::string_view text;
};

using Row = std::span<const Value>;

// Called for each row. False stops the read; the rest is not wanted.
using OnRow = std::function<bool(Row)>;

// A value that owns its text: what is bound to a statement, kept in a cursor or a filter.
struct Param {
  Kind kind = Kind::text;
  bool null = false;
  std::string text;
  bool operator==(const Param&) const = default;
};

}  // namespace vhookd
