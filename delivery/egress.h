// Where vhookd may send: judged on the address that is actually dialled, so that a name that resolves
// to the inside of the network, or does so only the second time, gains nothing. Pure.
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

// An IPv4 or IPv6 address in one form: IPv4 as ::ffff:a.b.c.d, so that a mapped address and the one
// in it are the same.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};
  bool operator==(const IpAddress&) const = default;
};

std::optional<IpAddress> parse_ip(std::string_view text);  // dotted quad or IPv6 text, nothing else
std::optional<IpAddress> ip_of(const sockaddr& address);   // none: neither IPv4 nor IPv6
std::string text_of(const IpAddress& address);             // canonical

// A CIDR, "10.0.0.0/8" or "fd00::/8"; an address alone is a range of one. ::/0 is all of IPv6 and
// nothing of IPv4.
struct IpRange {
  IpAddress first;
  int bits = 128;
  bool covers(const IpAddress& address) const;
};
std::optional<IpRange> parse_cidr(std::string_view text);

// The host as it stands in a URL, without user, port and brackets; as written, not normalised. For
// messages, for sharing out requests by host, and for what the operator wrote literally.
std::string_view written_host(std::string_view url);

class EgressRules {
 public:
  // A text that is no CIDR (the configuration has refused it) covers nothing.
  explicit EgressRules(const config::Egress& egress = {});

  // Why `dialled` is not for a webhook whose hook_url is `url`, as the end of a sentence; none: it may
  // be sent to. In this order:
  //   never    link-local and cloud-metadata addresses, whatever else is said
  //   deny     egress.deny
  //   allow    egress.allow
  //   literal  a private or loopback address that stands itself in `url`, or loopback where `url` says
  //            localhost: this hook's own permission. 2130706433, 0x7f.1 and the like are no literals.
  //   else     only what is public
  // An IPv6 address that carries an IPv4 one (NAT64, 6to4, Teredo, ISATAP, the translated and the
  // compatible form) is judged as both.
  std::optional<std::string> refusal(const IpAddress& dialled, std::string_view url) const;

  // The same before anything is dialled, of an address that stands itself in `url` (loopback where it says localhost)
  // and has no permission by that, for the URL is not the operator's. None where a name stands there.
  std::optional<std::string> refusal_of_literal(std::string_view url) const;

 private:
  std::optional<std::string> refusal_of_one(const IpAddress& address, std::string_view url) const;

  std::vector<IpRange> allow_;
  std::vector<IpRange> deny_;
};

}  // namespace vhookd
