// What stands between the method and HTTP/1.1, taken apart and decoded. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace vhookd {

struct RequestTarget {
  std::string path;
  std::map<std::string, std::string> query;  // of a name given twice the last counts
};

// None where it does not begin with /, a %XX is broken, or a NUL is hidden in it.
std::optional<RequestTarget> parse_target(std::string_view text);

}  // namespace vhookd
