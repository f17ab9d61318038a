// HTML out of the templates in daemon/page. Pure.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace vhookd {

// Text as it may stand between tags and in quoted attributes. Control characters become spaces, and so do the invisible
// ones that turn the direction of what follows: names and errors come from elsewhere.
std::string escaped(std::string_view text);

using Fields = std::initializer_list<std::pair<std::string_view, std::string>>;

// {{name}} is replaced by the field escaped, {{&name}} by the field as it is. A name that is not given is a fault of
// ours and ends the process.
std::string filled(std::string_view text, Fields fields);

}  // namespace vhookd
