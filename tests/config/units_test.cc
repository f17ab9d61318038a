#include "config/units.h"

#include <gtest/gtest.h>

#include "config/network.h"
#include "config/spelling.h"

namespace vhookd::config {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

TEST(Units, KindsOfPlainScalars) {
  const std::pair<const char*, Plain> cases[] = {
      {"0", Plain::integer},
      {"-17", Plain::integer},
      {"+5", Plain::integer},
      {"-0", Plain::integer},
      {"1.5", Plain::number},
      {".5", Plain::number},
      {"5.", Plain::number},
      {"1e3", Plain::number},
      {"-1.5E-3", Plain::number},
      {"010", Plain::octal_looking},
      {"-07", Plain::octal_looking},
      {"00", Plain::octal_looking},
      {"01.5", Plain::octal_looking},
      {"0x1F", Plain::octal_looking},
      {"0o17", Plain::octal_looking},
      {"0b1", Plain::octal_looking},
      {"1_000", Plain::grouped},
      {".inf", Plain::non_finite},
      {"-.Inf", Plain::non_finite},
      {".NaN", Plain::non_finite},
      {"1e999", Plain::non_finite},
      {"true", Plain::boolean},
      {"FALSE", Plain::boolean},
      {"yes", Plain::loose_boolean},
      {"Off", Plain::loose_boolean},
      {"tRue", Plain::text},
      {"", Plain::text},
      {"-", Plain::text},
      {".", Plain::text},
      {"1.2.3", Plain::text},
      {"2026-01-01", Plain::text},
      {"12:30:45", Plain::text},
      {"1e", Plain::text},
      {"0xyz", Plain::text},
      {"10.0.0.0/8", Plain::text},
      {"inf", Plain::text},
      {"0123 Street", Plain::text},
  };
  for (const auto& [text, kind] : cases) EXPECT_EQ(plain_kind(text), kind) << text;
}

TEST(Units, Durations) {
  const std::pair<const char*, std::optional<milliseconds>> cases[] = {
      {"500ms", 500ms},
      {"30s", 30s},
      {"5m", 5min},
      {"1h", 1h},
      {"1d", 24h},
      {"1.5h", 90min},
      {"0.25s", 250ms},
      {"0s", 0ms},
      {"5", 5min},
      {"0.5", 30s},
      {"0.0033333333333333335", 200ms},  // as a number of minutes comes back from the API
      {"0.16666666666666666", 10s},
      {"0.16666666666666666s", {}},
      {"0.001", 60ms},
      {"0.00001", 1ms},
      {"0.0000083", 0ms},
      {"99999999999999999d", milliseconds::max()},
      {"", {}},
      {"s", {}},
      {"5 s", {}},
      {"5S", {}},
      {"-5s", {}},
      {"1h30m", {}},
      {"0.1ms", {}},
      {"05s", {}},
      {".5s", {}},
      {"5.s", {}},
      {"1e3s", {}},
      {"5min", {}},
  };
  for (const auto& [text, duration] : cases) EXPECT_EQ(parse_duration(text, 1min), duration) << text;
  EXPECT_EQ(parse_duration("5", std::nullopt), std::nullopt);
  EXPECT_EQ(show(90min) + show(500ms) + show(48h) + show(0ms), "90m500ms2d0s");
}

TEST(Units, Bytes) {
  EXPECT_EQ(parse_bytes("17"), 17);
  EXPECT_EQ(parse_bytes("100MB"), 100'000'000);
  EXPECT_EQ(parse_bytes("1.5GiB"), std::int64_t{3} << 29);
  EXPECT_EQ(parse_bytes("1TiB"), std::int64_t{1} << 40);
  for (const char* text : {"", "MB", "1 MB", "1mb", "1M", "-1MB", "0.3", "1MiBs"})
    EXPECT_EQ(parse_bytes(text), std::nullopt) << text;
}

TEST(Units, Shares) {
  EXPECT_EQ(parse_share("40%"), 0.4);
  EXPECT_EQ(parse_share("0.5%"), 0.005);
  for (const char* text : {"", "%", "40", "-1%", "40 %", "x%"}) EXPECT_EQ(parse_share(text), std::nullopt) << text;
}

TEST(Spelling, ThreeWaysAndNoOther) {
  for (const char* written : {"hook_url", "hookUrl", "HookUrl"}) EXPECT_TRUE(spells(written, "hook_url")) << written;
  for (const char* written :
       {"hookurl", "HookURL", "HOOK_URL", "Hook_Url", "hook_Url", "hook-url", "hookUr", "hookUrls", ""})
    EXPECT_FALSE(spells(written, "hook_url")) << written;
  EXPECT_TRUE(spells("Id", "id"));
  EXPECT_FALSE(spells("ID", "id"));
}

TEST(Spelling, TheOtherWaysSpellTheSame) {
  EXPECT_EQ(other_spellings("hook_url"), (std::vector<std::string>{"HookUrl", "hookUrl"}));
  EXPECT_EQ(other_spellings("id"), (std::vector<std::string>{"Id"}));
}

TEST(Spelling, NearestIsTheOneMeant) {
  const std::vector<std::string> known = {"interval", "include_all", "include_created", "hook_url", "key", "event"};
  const std::pair<const char*, const char*> cases[] = {
      {"intervall", "interval"},
      {"intreval", "interval"},
      {"INCLUDE_ALL", "include_all"},
      {"hook-url", "hook_url"},
      {"events", "event"},
      {"kye", "key"},
      {"zebra", ""},
      {"", ""},
  };
  for (const auto& [written, name] : cases) EXPECT_EQ(nearest(written, known), name) << written;
  EXPECT_EQ(nearest(std::string(100'000, 'x'), known), "");
}

TEST(Network, CidrsAreCanonical) {
  const std::pair<const char*, const char*> cases[] = {
      {"0.0.0.0/0", "0.0.0.0/0"},
      {"10.0.0.0/8", "10.0.0.0/8"},
      {"127.0.0.1", "127.0.0.1/32"},
      {"2001:DB8:0:0::/32", "2001:db8::/32"},
      {"::1", "::1/128"},
      {"fd00::/8", "fd00::/8"},
      {"10.128.0.0/9", "10.128.0.0/9"},
  };
  for (const auto& [text, canonical] : cases) EXPECT_EQ(canonical_cidr(text).value_or("none"), canonical) << text;
  for (const char* text :
       {"", "/8", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "10.0.0.0 /8", "010.0.0.0/8", "::/0x8"})
    EXPECT_FALSE(canonical_cidr(text).has_value()) << text;
}

TEST(Network, LoopbackListens) {
  for (const char* listen : {"off", "127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1"})
    EXPECT_TRUE(is_loopback_listen(listen));
  for (const char* listen : {"0.0.0.0:1", "[::]:1", "128.0.0.1:1", "[::ffff:10.0.0.1]:1"})
    EXPECT_FALSE(is_loopback_listen(listen));
}

}  // namespace
}  // namespace vhookd::config
