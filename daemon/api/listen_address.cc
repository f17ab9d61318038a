#include "daemon/api/listen_address.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>

namespace vhookd {

std::optional<std::string> canonical_ip(std::string_view text) {
  const std::string literal(text);
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  in_addr four{};
  if (inet_pton(AF_INET, literal.c_str(), &four) == 1) {
    return inet_ntop(AF_INET, &four, buffer.data(), buffer.size());
  }
  in6_addr six{};
  if (inet_pton(AF_INET6, literal.c_str(), &six) != 1) return std::nullopt;
  if (IN6_IS_ADDR_V4MAPPED(&six)) return inet_ntop(AF_INET, &six.s6_addr[12], buffer.data(), buffer.size());
  return inet_ntop(AF_INET6, &six, buffer.data(), buffer.size());
}

bool is_loopback(const std::string& canonical) {
  return canonical.starts_with("127.") || canonical == "::1";
}
bool is_wildcard(const std::string& canonical) {
  return canonical == "0.0.0.0" || canonical == "::";
}

Result<ListenAddress> parse_listen(std::string_view text) {
  const auto refuse = [&] {
    return fail(
        Recourse::ask_operator,
        "\"" + std::string(text) +
            "\" is not an address to listen on; write ADDRESS:PORT, such as 127.0.0.1:8420 or [::1]:8420, or off");
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return refuse();
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  int port = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port < 0 || port > 65535) return refuse();
  if (host == "localhost") return ListenAddress{"127.0.0.1", port};
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto ip = canonical_ip(host);
  if (!ip || bracketed != (host.find(':') != std::string_view::npos)) return refuse();
  return ListenAddress{*ip, port};
}

}  // namespace vhookd
