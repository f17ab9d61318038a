// Fills the HTML templates of daemon/page. Pure.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace vhookd {

// `text` escaped for use between tags and in quoted attributes. Control characters and the invisible characters that
// change the text direction become spaces, because names and errors come from other systems.
std::string escaped(std::string_view text);

using Fields = std::initializer_list<std::pair<std::string_view, std::string>>;

// Replaces {{name}} by the escaped field and {{&name}} by the unescaped field. A missing field is a programming error
// and aborts the process.
std::string filled(std::string_view text, Fields fields);

}  // namespace vhookd
