// Where a sqlite:// URL points to. Pure.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"

namespace vhookd::sqlite {

// The absolute path in sqlite:///path, percent-decoded. Anything else is ask_operator: a relative path
// (it would hang on where the daemon was started), a host, options.
Result<std::string> path_of(std::string_view url);

}  // namespace vhookd::sqlite
