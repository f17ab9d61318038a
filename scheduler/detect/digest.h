// The content of a row as 16 bytes, to tell changed from unchanged. Pure.
#pragma once

#include <string>

#include "core/value.h"

namespace vhookd {

// Whether a column holds values of one type, or each of its cells has a type of its own, as in SQLite.
enum class Typing { by_column, by_cell };

// XXH3-128 over text, lengths and NULLs of the first `count` values, less the NULLs at the end, so that a
// column added without a value leaves every row as it was: equal rows of one table
// give equal digests. Typed by cell, number, text and binary of the same text differ, as they do to a receiver. Two
// different rows collide with odds of 2^-128; a writer who seeks collisions only fools the delivery of his own rows.
// The format is stored: changing it makes every row look changed.
std::string digest(Row row, std::size_t count, Typing typing = Typing::by_column);

}  // namespace vhookd
