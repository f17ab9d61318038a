#include "delivery/egress.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

namespace vhookd {
namespace {

constexpr std::string_view by_name = "https://app.example/hooks";

// "" where it may be sent to.
std::string refusal(std::string_view address, std::string_view url = by_name, const config::Egress& egress = {}) {
  const auto ip = parse_ip(address);
  if (!ip) return "not an address";
  return EgressRules(egress).refusal(*ip, url).value_or("");
}

TEST(Egress, PublicAddressesAreFree) {
  for (const std::string address :
       {"1.1.1.1", "8.8.8.8", "93.184.216.34", "172.15.255.255", "172.32.0.0", "192.167.0.1", "100.63.255.255",
        "100.128.0.0", "126.255.255.255", "128.0.0.0", "223.255.255.255", "198.17.255.255", "198.20.0.0",
        "2606:4700::1111", "2a00:1450::1", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
        "2002:808:808::1"}) {
    EXPECT_EQ(refusal(address), "") << address;
  }
}

TEST(Egress, EverythingElseIsNot) {
  const struct {
    std::string address, what;
  } cases[] = {
      {"127.0.0.1", "is loopback"},
      {"127.255.255.255", "is loopback"},
      {"10.0.0.0", "is private"},
      {"10.255.255.255", "is private"},
      {"172.16.0.1", "is private"},
      {"172.31.255.255", "is private"},
      {"192.168.1.1", "is private"},
      {"100.64.0.1", "carrier-grade"},
      {"100.127.255.255", "carrier-grade"},
      {"0.0.0.0", "is unspecified"},
      {"0.1.2.3", "is unspecified"},
      {"224.0.0.1", "is multicast"},
      {"239.255.255.255", "is multicast"},
      {"240.0.0.1", "is reserved"},
      {"255.255.255.255", "is broadcast"},
      {"192.0.0.1", "is reserved"},
      {"192.0.2.1", "documentation"},
      {"198.19.0.1", "benchmarks"},
      {"198.51.100.7", "documentation"},
      {"203.0.113.9", "documentation"},
      {"::", "is unspecified"},
      {"::1", "is loopback"},
      {"::2", "is reserved"},
      {"::10.0.0.1", "is reserved"},
      {"::ffff:0:10.0.0.1", "is reserved"},
      {"fc00::1", "is private"},
      {"fdff:ffff::1", "is private"},
      {"fec0::1", "is private"},
      {"ff02::1", "is multicast"},
      {"100::1", "is reserved"},
      {"2001::1", "is reserved"},
      {"2001:db8::1", "documentation"},
      {"3fff::1", "documentation"},
      {"4000::1", "is reserved"},
      {"5f00::1", "is reserved"},
      {"64:ff9b:1::1", "is reserved"},
      {"::ffff:127.0.0.1", "127.0.0.1 is loopback"},
      {"::ffff:10.1.2.3", "10.1.2.3 is private"},
      {"64:ff9b::10.1.2.3", "contains 10.1.2.3, which is private"},
      {"64:ff9b::127.0.0.1", "contains 127.0.0.1, which is loopback"},
      {"2002:7f00:1::1", "contains 127.0.0.1, which is loopback"},
      {"2002:c0a8:101::1", "contains 192.168.1.1, which is private"},
  };
  for (const auto& c : cases) EXPECT_NE(refusal(c.address).find(c.what), std::string::npos) << refusal(c.address);
}

TEST(Egress, LinkLocalAndMetadataAreNeverSentTo) {
  const config::Egress all{.allow = {"0.0.0.0/0", "::/0"}, .deny = {}};
  for (const std::string address : {"169.254.169.254",
                                    "169.254.0.1",
                                    "169.254.170.2",
                                    "100.100.100.200",
                                    "168.63.129.16",
                                    "192.0.0.192",
                                    "fe80::1",
                                    "febf::1",
                                    "fd00:ec2::254",
                                    "fd00:ec2::23",
                                    "fd20:ce::254",
                                    "::ffff:169.254.169.254",
                                    "64:ff9b::169.254.169.254",
                                    "2002:a9fe:a9fe::1",
                                    "64:ff9b:1::169.254.169.254",
                                    "64:ff9b:1:a9fe:a9:fe00::",
                                    "::169.254.169.254",
                                    "::ffff:0:169.254.169.254",
                                    "2a00:1::5efe:169.254.169.254",
                                    "2a00:1::200:5efe:a9fe:a9fe",
                                    "2002:a9fe:a9fe::5efe:8.8.8.8",
                                    "2001:0:a9fe:a9fe::1",
                                    "2001:0:808:808::5601:5601"}) {
    const bool v6 = address.find(':') != std::string::npos;
    const std::string literal = "http://" + (v6 ? "[" + address + "]" : address) + "/";
    EXPECT_NE(refusal(address, literal, all).find("never sends"), std::string::npos) << address;
  }
  EXPECT_EQ(refusal("64:ff9b:1::8.8.8.8", by_name, {.allow = {"64:ff9b:1::/48", "0.0.0.0/8"}, .deny = {}}), "");
}

TEST(Egress, AllowAndDeny) {
  const struct {
    std::string address;
    std::vector<std::string> allow, deny;
    bool free;
  } cases[] = {
      {"10.1.2.3", {"10.0.0.0/8"}, {}, true},
      {"10.1.2.3", {"10.1.2.3/32"}, {}, true},
      {"10.1.2.3", {"10.1.2.3"}, {}, true},
      {"10.1.2.3", {"10.1.2.2/32"}, {}, false},
      {"10.1.2.3", {"10.1.2.2/31"}, {}, true},
      {"10.1.2.3", {"192.168.0.0/16", "10.1.0.0/16"}, {}, true},
      {"10.1.2.3", {"0.0.0.0/0"}, {}, true},
      {"10.1.2.3", {"::/0"}, {}, false},
      {"10.1.2.3", {"::ffff:10.0.0.0/104"}, {}, true},
      {"::ffff:10.1.2.3", {"10.0.0.0/8"}, {}, true},
      {"10.1.2.3", {"10.0.0.0/8"}, {"10.1.0.0/16"}, false},
      {"10.2.2.3", {"10.0.0.0/8"}, {"10.1.0.0/16"}, true},
      {"8.8.8.8", {}, {"8.8.8.0/24"}, false},
      {"8.8.8.8", {"8.8.8.8/32"}, {"8.8.8.0/24"}, false},
      {"8.8.8.8", {}, {"::/0"}, true},  // IPv6 alone
      {"::ffff:8.8.8.8", {}, {"8.8.8.0/24"}, false},
      {"64:ff9b::8.8.8.8", {}, {"8.8.8.0/24"}, false},
      {"64:ff9b::10.1.2.3", {"10.0.0.0/8"}, {}, true},
      {"64:ff9b::10.1.2.3", {"64:ff9b::/96"}, {}, false},
      {"::1", {"::1/128"}, {}, true},
      {"fd12::1", {"fd00::/8"}, {}, true},
      {"fd12::1", {"fd13::/16"}, {}, false},
      {"224.0.0.1", {"224.0.0.0/4"}, {}, true},
      {"203.0.113.9", {"203.0.113.0/24"}, {}, true},
      {"10.1.2.3", {"10.0.0.0/33", "10/8", "x", "", "10.0.0.0/-1", "10.0.0.0/8x"}, {}, false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(refusal(c.address, by_name, {.allow = c.allow, .deny = c.deny}).empty(), c.free) << c.address;
  }
}

TEST(Egress, WhatTheOperatorWroteLiterally) {
  const struct {
    std::string address, url;
    bool free;
  } cases[] = {
      {"127.0.0.1", "http://127.0.0.1:8080/hook", true},
      {"127.0.0.1", "http://user:p@ss@127.0.0.1/", true},
      {"127.0.0.2", "http://127.0.0.1/", false},
      {"10.0.0.5", "https://10.0.0.5", true},
      {"10.0.0.5", "https://10.0.0.5?x", true},
      {"10.0.0.5", "https://10.0.0.5#x", true},
      {"100.64.0.1", "http://100.64.0.1/", true},
      {"192.168.1.1", "http://192.168.1.1/", true},
      {"::1", "http://[::1]:8080/", true},
      {"::1", "http://[0:0:0:0:0:0:0:1]/", true},
      {"fd12::1", "http://[fd12::1]/", true},
      {"127.0.0.1", "http://[::ffff:127.0.0.1]/", true},
      {"127.0.0.1", "http://localhost/", true},
      {"127.9.9.9", "http://LocalHost:80/", true},
      {"::1", "http://localhost/", true},
      {"10.0.0.5", "http://localhost/", false},  // someone's hosts file
      {"127.0.0.1", "http://localhost./", false},
      {"127.0.0.1", "http://localhost.example/", false},
      {"127.0.0.1", "http://a.localhost/", false},
      {"127.0.0.1", "http://2130706433/", false},
      {"127.0.0.1", "http://0x7f.1/", false},
      {"127.0.0.1", "http://0x7f000001/", false},
      {"127.0.0.1", "http://0177.0.0.1/", false},
      {"127.0.0.1", "http://127.1/", false},
      {"127.0.0.1", "http://127.0.0.1./", false},
      {"127.0.0.1", "http://127.0.0.01/", false},
      {"127.0.0.1", "http://%3127.0.0.1/", false},
      {"127.0.0.1", "http://127.0.0.1@evil.example/", false},
      {"127.0.0.1", "http://evil.example/127.0.0.1", false},
      {"127.0.0.1", "http://evil.example\\@127.0.0.1/", false},
      {"127.0.0.1", "http://evil.example#@127.0.0.1/", false},
      {"127.0.0.1", "http://evil.example?@127.0.0.1/", false},
      {"0.0.0.0", "http://0.0.0.0/", false},
      {"::", "http://[::]/", false},
      {"224.0.0.1", "http://224.0.0.1/", false},
      {"240.0.0.1", "http://240.0.0.1/", false},
      {"203.0.113.1", "http://203.0.113.1/", false},
      {"64:ff9b::10.0.0.1", "http://[64:ff9b::10.0.0.1]/", false},
  };
  for (const auto& c : cases) EXPECT_EQ(refusal(c.address, c.url).empty(), c.free) << c.address << ' ' << c.url;
  EXPECT_NE(refusal("127.0.0.1", "http://127.0.0.1/", {.allow = {}, .deny = {"127.0.0.0/8"}}), "");
}

TEST(Egress, AnAddressSomebodyElseWroteIsNoPermission) {
  const struct {
    std::string url, why;  // in part; empty: it may be sent to, or is judged when it is dialled
  } cases[] = {
      {"http://127.0.0.1/", "127.0.0.1 is loopback"},
      {"http://localhost/", "127.0.0.1 is loopback"},
      {"http://LocalHost:80/", "127.0.0.1 is loopback"},
      {"HTTP://LOCALHOST", "127.0.0.1 is loopback"},
      {"http://[::1]/", "::1 is loopback"},
      {"http://[::ffff:10.0.0.1]/", "10.0.0.1 is private"},
      {"http://169.254.169.254/", "never sends"},
      {"http://203.0.113.1/", "documentation"},
      {"http://8.8.8.8/", ""},
      {"http://app.example/", ""},
      {"http://0x7f.1/", ""},
      {"", ""},
  };
  for (const auto& c : cases) {
    const auto why = EgressRules().refusal_of_literal(c.url).value_or("");
    EXPECT_EQ(why.empty(), c.why.empty()) << c.url << ": " << why;
    EXPECT_NE(why.find(c.why), why.npos) << c.url << ": " << why;
    EXPECT_EQ(why.find("hook_url"), why.npos) << why;
  }
  EXPECT_FALSE(EgressRules({.allow = {"127.0.0.0/8"}, .deny = {}}).refusal_of_literal("http://LOCALHOST/"));
}

TEST(Egress, TheReasonNamesAddressAndMend) {
  EXPECT_EQ(
      refusal("10.0.0.1"),
      "10.0.0.1 is private, and egress.allow does not cover it; hook_url does not contain the address itself either");
  EXPECT_EQ(refusal("8.8.8.8", by_name, {.allow = {}, .deny = {"8.0.0.0/8"}}), "8.8.8.8 is covered by egress.deny");
}

TEST(Egress, WrittenHost) {
  const struct {
    std::string url, host;
  } cases[] = {{"https://app.example/a", "app.example"},
               {"http://u:p@App.Example:8080", "App.Example"},
               {"http://[::1]:80/", "::1"},
               {"http://[::1", "::1"},
               {"http://", ""},
               {"app.example:80/x", "app.example"},
               {"", ""},
               {"http://a?b@c", "a"}};
  for (const auto& c : cases) EXPECT_EQ(written_host(c.url), c.host) << c.url;
}

TEST(Egress, ReadsSocketAddresses) {
  sockaddr_storage storage{};
  sockaddr_in in{};
  in.sin_family = AF_INET;
  inet_pton(AF_INET, "10.1.2.3", &in.sin_addr);
  std::memcpy(&storage, &in, sizeof in);
  EXPECT_EQ(text_of(ip_of(reinterpret_cast<const sockaddr&>(storage)).value()), "10.1.2.3");

  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  inet_pton(AF_INET6, "::ffff:10.1.2.3", &in6.sin6_addr);
  std::memcpy(&storage, &in6, sizeof in6);
  EXPECT_EQ(text_of(ip_of(reinterpret_cast<const sockaddr&>(storage)).value()), "10.1.2.3");
  inet_pton(AF_INET6, "2606:4700::1111", &in6.sin6_addr);
  std::memcpy(&storage, &in6, sizeof in6);
  EXPECT_EQ(text_of(ip_of(reinterpret_cast<const sockaddr&>(storage)).value()), "2606:4700::1111");

  storage.ss_family = AF_UNIX;
  EXPECT_FALSE(ip_of(reinterpret_cast<const sockaddr&>(storage)));
}

}  // namespace
}  // namespace vhookd
