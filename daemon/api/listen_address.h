// The address the HTTP server listens on, and which other ones mean the same machine. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"

namespace vhookd {

struct ListenAddress {
  std::string host;  // an IP literal without brackets, in canonical form
  int port = 0;
  bool operator==(const ListenAddress&) const = default;
};

// "127.0.0.1:8420", "[::1]:8420", "localhost:8420". Port 0: any free one. Names are not resolved:
// where a daemon listens must not hang on a name server.
Result<ListenAddress> parse_listen(std::string_view text);

// The canonical text of an IP literal (no brackets); none where it is not one. An IPv4 address mapped
// into IPv6 becomes the IPv4 address.
std::optional<std::string> canonical_ip(std::string_view text);
bool is_loopback(const std::string& canonical);
bool is_wildcard(const std::string& canonical);

}  // namespace vhookd
