// Any address in all its spellings, with any rules and any hook: what is never sent to is so however it is written.
#include <arpa/inet.h>
#include <fuzzer/FuzzedDataProvider.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "config/network.h"
#include "delivery/egress.h"
#include "tests/fuzz/target.h"

namespace vhookd::fuzz {
namespace {

using Four = std::array<std::uint8_t, 4>;

constexpr std::string_view by_name = "https://app.example/";

// The registries once more, as numbers: nothing of the program's own table.
bool is_link_local_or_metadata(const Four& a) {
  return (a[0] == 169 && a[1] == 254) || a == Four{100, 100, 100, 200} || a == Four{168, 63, 129, 16} ||
         a == Four{192, 0, 0, 192};
}
bool is_inside(const Four& a) {
  return a[0] == 127 || a[0] == 10 || (a[0] == 172 && (a[1] & 0xF0) == 16) || (a[0] == 192 && a[1] == 168) ||
         (a[0] == 100 && (a[1] & 0xC0) == 64);
}

// Half of them where something is to be held.
Four any_four(FuzzedDataProvider& given) {
  Four four{};
  for (auto& byte : four) byte = given.ConsumeIntegral<std::uint8_t>();
  constexpr std::array<Four, 7> some = {Four{169, 254, 169, 254}, {100, 100, 100, 200}, {168, 63, 129, 16},
                                        {192, 0, 0, 192},         {127, 0, 0, 1},       {10, 0, 0, 1},
                                        {172, 16, 0, 1}};
  if (given.ConsumeBool()) {
    const auto& one = given.PickValueInArray(some);
    std::copy_n(one.begin(), given.ConsumeIntegralInRange(1, 4), four.begin());
  }
  return four;
}

std::string dotted(const Four& a) {
  return std::to_string(a[0]) + "." + std::to_string(a[1]) + "." + std::to_string(a[2]) + "." + std::to_string(a[3]);
}

std::string formed(const char* form, const Four& a) {
  char text[64];
  std::snprintf(text, sizeof text, form, a[0], a[1], a[2], a[3]);
  return text;
}

// As IPv6 writes it, or a gateway carries it.
std::vector<std::string> spellings(const Four& a) {
  const auto inverted = Four{static_cast<std::uint8_t>(~a[0]), static_cast<std::uint8_t>(~a[1]),
                             static_cast<std::uint8_t>(~a[2]), static_cast<std::uint8_t>(~a[3])};
  std::vector<std::string> all = {dotted(a)};
  for (const char* form :
       {"::ffff:%u.%u.%u.%u", "0:0:0:0:0:FFFF:%u.%u.%u.%u", "64:ff9b::%u.%u.%u.%u", "64:ff9b:1::%u.%u.%u.%u",
        "::ffff:0:%u.%u.%u.%u", "::ffff:%02x%02x:%02X%02X", "0000:0000:0000:0000:0000:ffff:%02x%02x:%02x%02x",
        "64:ff9b::%02x%02x:%02x%02x", "2002:%02x%02x:%02x%02x::1",
        "64:ff9b:1:%02x%02x:%02x:%02x00::", "2001:0:%02x%02x:%02x%02x:8000:63bf:3fff:fdd2", "2a00:1::5efe:%u.%u.%u.%u",
        "2002:%02x%02x:%02x%02x:0:0:5efe:808:808", "2a00:1::200:5efe:%02x%02x:%02x%02x"})
    all.push_back(formed(form, a));
  all.push_back(formed("2001:0:4136:e378:8000:63bf:%02x%02x:%02x%02x", inverted));
  // ::1 and the like are addresses of their own.
  if (a[0] != 0) all.push_back(formed("::%u.%u.%u.%u", a));
  return all;
}

void check_never(const Four& a, const config::Egress& egress, const std::string& url) {
  if (!is_link_local_or_metadata(a)) return;
  const EgressRules rules(egress);
  static const EgressRules all({.allow = {"0.0.0.0/0", "::/0"}, .deny = {}});
  for (const std::string& text : spellings(a)) {
    const auto address = parse_ip(text);
    require(address.has_value(), "a spelling is an address", text);
    for (const std::string& hook : {url, "http://[" + text + "]/", "http://" + text + "/", std::string(by_name)}) {
      require(rules.refusal(*address, hook).has_value(), "link-local and metadata are never sent to", text);
      require(all.refusal(*address, hook).value_or("").contains("never sends"),
              "link-local and metadata are never sent to", text + " by " + hook);
    }
  }
}

void check_inside(const Four& a, const config::Egress& egress) {
  if (!is_inside(a) || !egress.allow.empty()) return;
  const EgressRules rules(egress);
  for (const std::string& text : spellings(a))
    require(rules.refusal(parse_ip(text).value(), by_name).has_value(), "a name does not lead inside", text);
}

// What resolvers take for an address beside dotted quads (octal, hexadecimal, short) is no literal.
void check_text(const std::string& text) {
  const auto address = parse_ip(text);
  if (!address) return;
  require(parse_ip(text_of(*address)) == address, "an address is the same when printed", text);
  in_addr resolved{};
  if (text.contains(':') || inet_aton(text.c_str(), &resolved) == 0) return;
  sockaddr_in dialled{};
  dialled.sin_family = AF_INET;
  dialled.sin_addr = resolved;
  require(ip_of(reinterpret_cast<const sockaddr&>(dialled)) == address, "a literal is what it resolves to", text);
}

void check_dialled(const IpAddress& address) {
  sockaddr_in6 dialled{};
  dialled.sin6_family = AF_INET6;
  std::memcpy(&dialled.sin6_addr, address.bytes.data(), address.bytes.size());
  require(ip_of(reinterpret_cast<const sockaddr&>(dialled)) == address, "what is dialled is what is judged");
  require(parse_ip(text_of(address)) == address, "an address is the same when printed", text_of(address));
}

// A range the configuration takes is the same to egress.
std::vector<std::string> ranges(FuzzedDataProvider& given) {
  std::vector<std::string> taken;
  for (int left = given.ConsumeIntegralInRange(0, 3); left > 0; --left) {
    const auto text = given.ConsumeRandomLengthString(50);
    const auto canonical = config::canonical_cidr(text);
    const auto range = canonical ? parse_cidr(*canonical) : std::nullopt;
    require(canonical.has_value() == range.has_value(), "a range is one to egress too", text);
    if (!range) continue;
    require(range->covers(range->first), "a range covers its first address", text);
    taken.push_back(*canonical);
  }
  return taken;
}

// By its rules a refusal names the address; where nothing is refused, nothing speaks against it.
void check_refusal(const IpAddress& address, const config::Egress& egress, const std::string& url) {
  const auto why = EgressRules(egress).refusal(address, url);
  require(!why || why->contains(text_of(address)), "a refusal names the address", why.value_or(""));
  for (const std::string& cidr : egress.deny)
    if (parse_cidr(cidr)->covers(address)) require(why.has_value(), "what is denied is refused", text_of(address));
}

}  // namespace
}  // namespace vhookd::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vhookd;
  FuzzedDataProvider given(data, size);
  const auto four = fuzz::any_four(given);
  IpAddress six;
  for (auto& byte : six.bytes) byte = given.ConsumeIntegral<std::uint8_t>();
  config::Egress egress;
  egress.allow = fuzz::ranges(given);
  egress.deny = fuzz::ranges(given);
  const auto text = given.ConsumeRandomLengthString(60);
  const auto url = given.ConsumeRandomLengthString(120);
  fuzz::check_never(four, egress, url);
  fuzz::check_inside(four, egress);
  fuzz::check_text(text);
  fuzz::check_dialled(six);
  fuzz::check_refusal(six, egress, url);
  return 0;
}
