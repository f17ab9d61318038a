#include "delivery/egress.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <functional>
#include <span>

namespace vhookd {

namespace {

constexpr std::array<std::uint8_t, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_v4(const IpAddress& address) {
  return std::equal(mapped.begin(), mapped.end(), address.bytes.begin());
}

IpAddress of_v4(const std::uint8_t* four) {
  IpAddress out;
  std::ranges::copy(mapped, out.bytes.begin());
  std::copy_n(four, 4, out.bytes.begin() + 12);
  return out;
}

// The use of an address range that is not publicly reachable.
enum class Use { never, inside, closed };  // inside: the operator's network or machine

struct Purpose {
  std::string_view cidr;
  Use use;
  std::string_view what;
};

// The first row that covers an address applies, so narrow ranges come first. Sources: IANA's registries of
// special-purpose addresses, and the metadata addresses that the large cloud providers document.
constexpr Purpose purposes[] = {
    {"169.254.0.0/16", Use::never, "link-local (used for cloud metadata)"},
    {"100.100.100.200/32", Use::never, "a cloud metadata address"},
    {"168.63.129.16/32", Use::never, "a cloud metadata address"},
    {"192.0.0.192/32", Use::never, "a cloud metadata address"},
    {"fe80::/10", Use::never, "link-local"},
    {"fd00:ec2::/32", Use::never, "a cloud metadata address"},
    {"fd20:ce::254/128", Use::never, "a cloud metadata address"},
    {"fd00:c1::a9fe:a9fe/128", Use::never, "a cloud metadata address"},
    {"fd00:42::42/128", Use::never, "a cloud metadata address"},

    {"127.0.0.0/8", Use::inside, "loopback"},
    {"10.0.0.0/8", Use::inside, "private"},
    {"172.16.0.0/12", Use::inside, "private"},
    {"192.168.0.0/16", Use::inside, "private"},
    {"100.64.0.0/10", Use::inside, "shared (carrier-grade NAT)"},
    {"255.255.255.255/32", Use::closed, "broadcast"},
    {"224.0.0.0/4", Use::closed, "multicast"},
    {"240.0.0.0/4", Use::closed, "reserved"},
    {"0.0.0.0/8", Use::closed, "unspecified"},
    {"192.0.0.0/24", Use::closed, "reserved"},
    {"192.0.2.0/24", Use::closed, "for documentation"},
    {"192.88.99.0/24", Use::closed, "reserved"},
    {"198.18.0.0/15", Use::closed, "for benchmarks"},
    {"198.51.100.0/24", Use::closed, "for documentation"},
    {"203.0.113.0/24", Use::closed, "for documentation"},

    {"::1/128", Use::inside, "loopback"},
    {"fc00::/7", Use::inside, "private (unique local)"},
    {"fec0::/10", Use::inside, "private (site-local)"},
    {"ff00::/8", Use::closed, "multicast"},
    {"::/128", Use::closed, "unspecified"},
    {"2001::/23", Use::closed, "reserved"},  // Teredo, ORCHID, benchmarks
    {"2001:db8::/32", Use::closed, "for documentation"},
    {"3fff::/20", Use::closed, "for documentation"},
};

constexpr Purpose outside = {"", Use::closed, "reserved"};  // IPv6 addresses that are not assigned

struct Table {
  std::vector<std::pair<IpRange, const Purpose*>> ranges;
  IpRange nat64 = *parse_cidr("64:ff9b::/96");
  IpRange local_nat64 = *parse_cidr("64:ff9b:1::/48");
  IpRange six_to_four = *parse_cidr("2002::/16");
  IpRange teredo = *parse_cidr("2001::/32");
  IpRange compatible = *parse_cidr("::/96");
  IpRange translated = *parse_cidr("::ffff:0:0:0/96");
  IpRange global = *parse_cidr("2000::/3");
  Table() {
    for (const Purpose& purpose : purposes) ranges.emplace_back(parse_cidr(purpose.cidr).value(), &purpose);
  }
};

const Table& table() {
  static const Table the_table;
  return the_table;
}

// nullptr: publicly reachable.
const Purpose* special(const IpAddress& address) {
  for (const auto& [range, purpose] : table().ranges) {
    if (range.covers(address)) return purpose;
  }
  const bool known = is_v4(address) || table().global.covers(address) || table().nat64.covers(address);
  return known ? nullptr : &outside;
}

// ISATAP: ::0:5efe:a.b.c.d or ::200:5efe:a.b.c.d after any prefix.
bool is_isatap(const IpAddress& address) {
  const auto& b = address.bytes;
  return (b[8] & 0xfd) == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe && !is_v4(address);
}

// The IPv4 addresses in an IPv6 address, to which a gateway may forward the packet.
std::vector<IpAddress> carried(const IpAddress& address) {
  const auto& b = address.bytes;
  const auto any_of = [](const std::uint8_t* bytes) { return std::any_of(bytes, bytes + 4, std::identity()); };
  const bool in_local_nat64 = table().local_nat64.covers(address);
  std::vector<IpAddress> out;
  const bool last_four = table().nat64.covers(address) || table().translated.covers(address) || is_isatap(address) ||
                         (in_local_nat64 && any_of(&b[12])) ||
                         (table().compatible.covers(address) && b[12] != 0);  // not :: and ::1
  if (last_four) out.push_back(of_v4(&b[12]));
  if (table().six_to_four.covers(address)) out.push_back(of_v4(&b[2]));
  if (in_local_nat64) {  // RFC 6052: after 48 bits with a zero byte in the middle, or after 96 bits
    const std::uint8_t around[] = {b[6], b[7], b[9], b[10]};
    out.push_back(of_v4(around));
  }
  if (table().teredo.covers(address)) {  // the server's address, and the client's with all bits inverted
    const std::uint8_t own[] = {static_cast<std::uint8_t>(~b[12]), static_cast<std::uint8_t>(~b[13]),
                                static_cast<std::uint8_t>(~b[14]), static_cast<std::uint8_t>(~b[15])};
    out.push_back(of_v4(&b[4]));
    out.push_back(of_v4(own));
  }
  return out;
}

bool covered(std::span<const IpRange> ranges, const IpAddress& address) {
  return std::ranges::any_of(ranges, [&](const IpRange& range) { return range.covers(address); });
}

bool is_localhost(std::string_view host) {
  return std::ranges::equal(host, std::string_view("localhost"), [](char a, char b) { return (a | 0x20) == b; });
}

bool written_literally(const IpAddress& address, std::string_view url) {
  const std::string_view host = written_host(url);
  if (is_localhost(host)) return std::string_view(special(address)->what) == "loopback";
  return parse_ip(host) == address;
}

std::vector<IpRange> parse_all(const std::vector<std::string>& cidrs) {
  std::vector<IpRange> out;
  for (const std::string& cidr : cidrs) {
    if (const auto range = parse_cidr(cidr)) out.push_back(*range);
  }
  return out;
}

}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text) {
  const std::string copy(text);  // inet_pton needs a terminator; it rejects octal, hexadecimal and short forms
  if (copy.find('\0') != copy.npos) return std::nullopt;
  std::array<std::uint8_t, 4> four{};
  if (inet_pton(AF_INET, copy.c_str(), four.data()) == 1) return of_v4(four.data());
  IpAddress out;
  if (inet_pton(AF_INET6, copy.c_str(), out.bytes.data()) == 1) return out;
  return std::nullopt;
}

std::optional<IpAddress> ip_of(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    return of_v4(reinterpret_cast<const std::uint8_t*>(&in.sin_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address, sizeof in);
    IpAddress out;
    std::memcpy(out.bytes.data(), &in.sin6_addr, out.bytes.size());
    return out;
  }
  return std::nullopt;
}

std::string text_of(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (is_v4(address)) {
    inet_ntop(AF_INET, &address.bytes[12], buffer.data(), buffer.size());
  } else {
    inet_ntop(AF_INET6, address.bytes.data(), buffer.data(), buffer.size());
  }
  return buffer.data();
}

bool IpRange::covers(const IpAddress& address) const {
  if (is_v4(first) != is_v4(address)) return false;
  const int whole = bits / 8;
  if (!std::equal(first.bytes.begin(), first.bytes.begin() + whole, address.bytes.begin())) return false;
  const int rest = bits % 8;
  const auto at = static_cast<std::size_t>(whole);
  return rest == 0 || (first.bytes[at] >> (8 - rest)) == (address.bytes[at] >> (8 - rest));
}

std::optional<IpRange> parse_cidr(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto first = parse_ip(text.substr(0, slash));
  if (!first) return std::nullopt;
  const bool dotted = text.substr(0, slash).find(':') == text.npos;
  const int most = dotted ? 32 : 128;
  int bits = most;
  if (slash < text.size()) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc() || stop != digits.data() + digits.size() || bits < 0 || bits > most) return std::nullopt;
  }
  return IpRange{*first, dotted ? bits + 96 : bits};
}

std::string_view written_host(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != url.npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#\\"));
  const std::size_t user = url.rfind('@');
  if (user != url.npos) url.remove_prefix(user + 1);
  if (url.starts_with('[')) return url.substr(1, std::min(url.find(']'), url.size()) - 1);
  return url.substr(0, url.find(':'));
}

EgressRules::EgressRules(const config::Egress& egress)
    : allow_(parse_all(egress.allow)), deny_(parse_all(egress.deny)) {}

std::optional<std::string> EgressRules::refusal(const IpAddress& dialled, std::string_view url) const {
  if (auto why = refusal_of_one(dialled, url)) return text_of(dialled) + " " + *why;
  for (const IpAddress& inner : carried(dialled)) {
    if (auto why = refusal_of_one(inner, url)) {
      return text_of(dialled) + " contains " + text_of(inner) + ", which " + *why;
    }
  }
  return std::nullopt;
}

std::optional<std::string> EgressRules::refusal_of_literal(std::string_view url) const {
  const std::string_view host = written_host(url);
  const auto address = parse_ip(is_localhost(host) ? "127.0.0.1" : host);
  return address ? refusal(*address, "") : std::nullopt;
}

std::optional<std::string> EgressRules::refusal_of_one(const IpAddress& address, std::string_view url) const {
  const Purpose* purpose = special(address);
  const std::string what = purpose ? std::string(purpose->what) : "";
  if (purpose && purpose->use == Use::never) return "is " + what + ", which vhookd never sends to";
  if (covered(deny_, address)) return "is covered by egress.deny";
  if (!purpose || covered(allow_, address)) return std::nullopt;
  if (purpose->use == Use::closed) return "is " + what + ", and egress.allow does not cover it";
  if (written_literally(address, url)) return std::nullopt;
  return "is " + what + ", and egress.allow does not cover it" +
         (url.empty() ? "" : "; hook_url does not contain the address itself either");
}

}  // namespace vhookd
