// A bound value as an SQL literal that means the same under every sql_mode and character set. Pure.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"
#include "core/value.h"

namespace vhookd::mysql {

// Numbers are checked digit by digit and written plain; everything else is written as hex, so that no byte of
// a value is ever read as SQL. Recourse::give_up for a number MySQL has no exact literal for: NaN, infinity,
// more than 65 digits.
Result<std::string> literal(const Param& param);

// _utf8mb4 X'…'
std::string text_literal(std::string_view text);

}  // namespace vhookd::mysql
