// What SQLite's result codes mean to the caller. Pure.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"

namespace vhookd::sqlite {

// `code` is an extended result code, `words` what SQLite said, `system_errno` what the system said to
// it last. The message names the file and, where a person can mend it, how.
Error error_from(int code, std::string_view words, int system_errno, const std::string& path);

}  // namespace vhookd::sqlite
