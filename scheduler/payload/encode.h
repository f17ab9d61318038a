// Rows to JSON: what vhookd exists for, so it is its own small writer. Column names are prepared once;
// the database's text is copied or escaped straight into the page. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/value.h"

namespace vhookd {

// Appends one value as JSON:
//   integer    number while |n| <= 2^53-1, else string      decimal    string, exact
//   real       number; NaN and infinities as strings        boolean    true/false; 5 stays 5
//   text       string; not UTF-8: {"$base64":"..."}         json       as it is
//   timestamp  "2026-11-23T09:00:00.123", timestamptz with Z; BC years as ISO 8601 has them (-0043-...)
//   binary     base64 string                                array      JSON array of its elements
void append_json(std::string& out, const Value& value);

// Appends `text` as a JSON string, quotes included; bytes that are not UTF-8 give {"$base64":"..."}.
void append_json_string(std::string& out, std::string_view text);

// Writes rows of one shape: `columns` are the names, `positions` where each stands in the row.
class RecordWriter {
 public:
  RecordWriter(const std::vector<std::string>& columns, std::vector<std::size_t> positions);
  void append(std::string& out, Row row) const;  // {"a":1,"b":null}

 private:
  std::vector<std::string> prefixes_;  // "a": and ,"b":
  std::vector<std::size_t> positions_;
};

}  // namespace vhookd
