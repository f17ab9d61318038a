// Parses the request target, the part of the request line between the method and HTTP/1.1. Pure. Thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace vhookd {

struct RequestTarget {
  std::string path;
  std::map<std::string, std::string> query;  // of a repeated name the last value
};

// Returns nullopt if the target does not begin with /, has an invalid %XX, or contains an encoded NUL.
std::optional<RequestTarget> parse_target(std::string_view text);

}  // namespace vhookd
