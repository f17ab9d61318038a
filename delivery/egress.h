// Decides which addresses vhookd may send to. The check applies to the address that is actually dialled, so that a host
// name that resolves to an internal address (DNS rebinding included) is rejected. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

struct sockaddr;

namespace vhookd {

// An IPv4 or IPv6 address. IPv4 is stored as ::ffff:a.b.c.d, so that an address and its IPv4-mapped form are equal.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};
  bool operator==(const IpAddress&) const = default;
};

std::optional<IpAddress> parse_ip(std::string_view text);  // dotted quad or IPv6 text, nothing else
std::optional<IpAddress> ip_of(const sockaddr& address);   // nullopt: neither IPv4 nor IPv6
std::string text_of(const IpAddress& address);             // in canonical form

// A CIDR range, "10.0.0.0/8" or "fd00::/8"; a single address is a range of one. ::/0 covers all IPv6 addresses and no
// IPv4 address.
struct IpRange {
  IpAddress first;
  int bits = 128;
  bool covers(const IpAddress& address) const;
};
std::optional<IpRange> parse_cidr(std::string_view text);

// The host of a URL as written, without user, port and brackets; not normalised. Used in messages, to distribute
// requests by host, and to detect addresses that the operator wrote literally.
std::string_view written_host(std::string_view url);

class EgressRules {
 public:
  // A text that is not a CIDR range covers nothing; the configuration rejects such texts.
  explicit EgressRules(const config::Egress& egress = {});

  // Why a webhook with hook_url `url` may not send to `dialled`, worded as the end of a sentence; nullopt: it may.
  // The rules, in this order:
  //   never    link-local and cloud metadata addresses are never allowed
  //   deny     addresses in egress.deny are rejected
  //   allow    addresses in egress.allow are allowed
  //   literal  a private or loopback address that is written in `url` itself is allowed for this webhook, and so is
  //            loopback if `url` contains localhost. 2130706433, 0x7f.1 and similar forms do not count as written.
  //   else     only public addresses are allowed
  // An IPv6 address that contains an IPv4 address (NAT64, 6to4, Teredo, ISATAP, IPv4-translated, IPv4-compatible) must
  // pass for both.
  std::optional<std::string> refusal(const IpAddress& dialled, std::string_view url) const;

  // The same check before dialling, for a URL that does not come from the operator: an address in `url` itself
  // (loopback for localhost) gets no permission from being written there. Returns nullopt if the host is a name.
  std::optional<std::string> refusal_of_literal(std::string_view url) const;

 private:
  std::optional<std::string> refusal_of_one(const IpAddress& address, std::string_view url) const;

  std::vector<IpRange> allow_;
  std::vector<IpRange> deny_;
};

}  // namespace vhookd
