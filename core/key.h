// Keys as bytes: the values of a row's key columns in a form whose byte order is the order the scan
// asks the database for (integers by value, everything else by its bytes), and which can be read back.
// Stored in the state's known rows, so the format is fixed:
//   integer  0x10 negative / 0x11 otherwise, count of digits, digits; both complemented when negative
//   other    0x20 (0x30 for binary), bytes with 0x00 as 0x00 0xff, then 0x00 0x01
// Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/value.h"

namespace vhookd {

// False for what has no fixed order: NULL, floating point. `bytes` is then not to be used.
bool append_key(std::string& bytes, const Value& value);

// The values again, as text to bind or to print. REQUIRES: bytes made by append_key.
std::vector<Param> read_key(std::string_view bytes);

}  // namespace vhookd
