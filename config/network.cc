#include "config/network.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <optional>

#include "config/json_text.h"
#include "config/scalars.h"

namespace vhookd::config {

namespace {

struct Address {
  int family = AF_INET;
  std::array<unsigned char, 16> bytes{};

  std::size_t size() const { return family == AF_INET ? 4 : 16; }
  std::string text() const {
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    return inet_ntop(family, bytes.data(), buffer.data(), buffer.size());
  }
};

std::optional<Address> parse_address(const std::string& text) {
  Address address;
  address.family = text.contains(':') ? AF_INET6 : AF_INET;
  if (inet_pton(address.family, text.c_str(), address.bytes.data()) != 1) return std::nullopt;
  return address;
}

// Decimal digits without leading zeros.
std::optional<unsigned> parse_count(std::string_view text, unsigned most) {
  unsigned value = 0;
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

// What is wrong with HOST:PORT; empty: nothing.
std::string listen_error(const std::string& text) {
  constexpr std::string_view forms = "write ADDRESS:PORT, such as 127.0.0.1:8420 or [::1]:8420, or off";
  if (text == "off") return {};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || text.ends_with(']')) return "has no port; " + std::string(forms);
  std::string host = text.substr(0, colon);
  if (!parse_count(text.substr(colon + 1), 65535))
    return "has an invalid port; write 0 to 65535, where 0 selects a free port";
  if (host.empty()) return "has no address; write 0.0.0.0 or [::] for all addresses";
  if (host == "localhost") return {};
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = parse_address(host);
  if (!address || (address->family == AF_INET6) != bracketed)
    return "is not an address to listen on; " + std::string(forms);
  return {};
}

}  // namespace

ValueType<std::string> listen_address() {
  const auto read = [](const Input& in) -> std::optional<std::string> {
    auto text = read_public_text(in, 200);
    if (!text) return std::nullopt;
    const std::string fault = listen_error(*text);
    if (fault.empty()) return text;
    in.wrong(in_quotes(in.node->text) + " " + fault);
    return std::nullopt;
  };
  return {text_schema(R"(off|([0-9.]+|localhost|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5})"), read};
}

bool is_loopback_listen(std::string_view listen) {
  return listen == "off" || listen.starts_with("127.") || listen.starts_with("localhost:") ||
         listen.starts_with("[::1]:");
}

std::expected<std::string, std::string> canonical_cidr(const std::string& text) {
  const std::size_t slash = text.find('/');
  auto address = parse_address(text.substr(0, slash));
  if (!address)
    return std::unexpected("is not an address range; write one such as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32");
  const auto bits = static_cast<unsigned>(address->size() * 8);
  const auto prefix = slash == std::string::npos ? bits : parse_count(std::string_view(text).substr(slash + 1), bits);
  if (!prefix)
    return std::unexpected("has an invalid prefix length; write 0 to " + std::to_string(bits) + " after the slash");
  const Address given = *address;
  for (unsigned bit = *prefix; bit < bits; ++bit)
    address->bytes[bit / 8] = static_cast<unsigned char>(address->bytes[bit / 8] & ~(0x80U >> (bit % 8)));
  std::string canonical = address->text() + "/" + std::to_string(*prefix);
  if (given.bytes != address->bytes) return std::unexpected("has address bits beyond its prefix; write " + canonical);
  return canonical;
}

ValueType<std::vector<std::string>> cidrs() {
  const auto read = [](const Input& in) -> std::optional<std::vector<std::string>> {
    std::vector<std::string> ranges;
    if (in.node->type == Node::Type::null) return ranges;
    if (in.node->type != Node::Type::list) {
      in.wrong("must be a list of address ranges, such as [10.0.0.0/8]");
      return std::nullopt;
    }
    bool valid = true;
    for (std::size_t i = 0; i < in.node->items.size(); ++i) {
      const Input item = in.item(i);
      const auto text = read_public_text(item, 200);
      auto range = text ? canonical_cidr(*text) : std::unexpected(std::string());
      if (range)
        ranges.push_back(std::move(*range));
      else if (text)
        item.wrong(in_quotes(item.node->text) + " " + range.error());
      valid = valid && ranges.size() == i + 1;
    }
    if (!valid) return std::nullopt;
    return ranges;
  };
  const std::string item = text_schema("[0-9A-Fa-f:.]+(/[0-9]{1,3})?");
  return {json_object({{"type", R"(["array","null"])"}, {"items", item}}), read};
}

}  // namespace vhookd::config
