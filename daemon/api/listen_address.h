// Parses the address that the HTTP server listens on, and compares IP addresses. Pure. Thread-safe.
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

// "127.0.0.1:8420", "[::1]:8420", "localhost:8420". Port 0 selects a free port. Host names are not resolved, so that
// the address does not depend on a name server.
Result<ListenAddress> parse_listen(std::string_view text);

// The canonical form of an IP literal without brackets; nullopt for any other text. An IPv4-mapped IPv6 address becomes
// the IPv4 address.
std::optional<std::string> canonical_ip(std::string_view text);
bool is_loopback(const std::string& canonical);
bool is_wildcard(const std::string& canonical);

}  // namespace vhookd
