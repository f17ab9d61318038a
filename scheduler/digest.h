// The content of a row as 16 bytes, to tell changed from unchanged. Pure.
#pragma once

#include <string>

#include "core/value.h"

namespace vhookd {

// XXH3-128 over kind-free text, lengths and NULLs of the first `count` values, less the NULLs at the end, so that a
// column added without a value leaves every row as it was: equal rows of one table
// give equal digests. Two different rows collide with odds of 2^-128; a writer who seeks collisions only
// fools the delivery of his own rows. The format is stored: changing it makes every row look changed.
std::string digest(Row row, std::size_t count);

}  // namespace vhookd
