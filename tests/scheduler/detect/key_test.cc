#include "core/key.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace vhookd {
namespace {

Value value(Kind kind, std::string_view text) {
  return {.kind = kind, .text = text};
}

std::string key(Kind kind, std::string_view text) {
  std::string bytes;
  EXPECT_TRUE(append_key(bytes, value(kind, text)));
  return bytes;
}

// By value, written as text of any size.
int compare_integers(const std::string& a, const std::string& b) {
  const bool a_below = a[0] == '-';
  const bool b_below = b[0] == '-';
  if (a_below != b_below) return a_below ? -1 : 1;
  const auto by_size = [](const std::string& x, const std::string& y) {
    return x.size() == y.size() ? x.compare(y) : x.size() < y.size() ? -1 : 1;
  };
  return a_below ? by_size(b, a) : by_size(a, b);
}

int sign(int number) {
  return (number > 0) - (number < 0);
}

TEST(Key, IntegersSortByValue) {
  std::mt19937 random(1);
  const auto draw = [&] {
    std::string text = std::to_string(1 + random() % 9);
    for (auto size = random() % (random() % 5 == 0 ? 250 : 4); size > 0; --size)
      text += static_cast<char>('0' + random() % 10);
    if (random() % 10 == 0) return std::string("0");
    return random() % 2 == 0 ? text : "-" + text;
  };
  for (int i = 0; i < 20'000; ++i) {
    const auto a = draw();
    const auto b = draw();
    ASSERT_EQ(sign(key(Kind::integer, a).compare(key(Kind::integer, b))), sign(compare_integers(a, b)))
        << a << " " << b;
  }
}

TEST(Key, EverythingElseSortsByItsBytesColumnByColumn) {
  std::mt19937 random(2);
  const auto draw = [&] {
    std::string text;
    for (auto size = random() % 4; size > 0; --size)
      text +=
          "\0\1\xff\xfe"
          "ab"[random() % 6];
    return text;
  };
  for (int i = 0; i < 20'000; ++i) {
    const std::array a = {draw(), draw()};
    const std::array b = {draw(), draw()};
    for (const Kind kind : {Kind::text, Kind::binary, Kind::decimal, Kind::timestamp}) {
      const auto bytes = [&](const auto& pair) { return key(kind, pair[0]) + key(kind, pair[1]); };
      const int expected = a[0] != b[0] ? a[0].compare(b[0]) : a[1].compare(b[1]);
      ASSERT_EQ(sign(bytes(a).compare(bytes(b))), sign(expected)) << "round " << i;
    }
  }
}

TEST(Key, NumbersComeBeforeTextBeforeBytesAsInSqlite) {
  EXPECT_LT(key(Kind::integer, "99999999999999999999"), key(Kind::text, ""));
  EXPECT_LT(key(Kind::text, "\xff\xff"), key(Kind::binary, ""));
}

TEST(Key, ReadsBackWhatItWrote) {
  using namespace std::string_literals;
  const std::vector<std::pair<Kind, std::string>> parts = {{Kind::integer, "0"},
                                                           {Kind::integer, "-1"},
                                                           {Kind::integer, "-99999999999999999999999"},
                                                           {Kind::integer, std::string(255, '7')},
                                                           {Kind::text, ""},
                                                           {Kind::text, "a\0b"s},
                                                           {Kind::text, "\0"s},
                                                           {Kind::text, "\0\xff\0\1"s},
                                                           {Kind::binary, "\0\1\xff"s},
                                                           {Kind::text, "ü"}};
  std::string bytes;
  for (const auto& [kind, text] : parts) ASSERT_TRUE(append_key(bytes, value(kind, text)));
  const auto read = read_key(bytes);
  ASSERT_EQ(read.size(), parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) EXPECT_EQ(read[i], (Param{parts[i].first, false, parts[i].second}));
}

TEST(Key, OneNumberHasOneKey) {
  EXPECT_EQ(key(Kind::integer, "007"), key(Kind::integer, "7"));
  EXPECT_EQ(key(Kind::integer, "-0"), key(Kind::integer, "0"));
  EXPECT_EQ(key(Kind::integer, "000"), key(Kind::integer, "0"));
}

TEST(Key, HexGoesAsPostgresWritesIt) {
  EXPECT_EQ(read_key(key(Kind::hex, "00ff")), (std::vector<Param>{{Kind::text, false, "\\x00ff"}}));
}

TEST(Key, NullAndFloatingPointAreNoKeys) {
  std::string bytes;
  EXPECT_FALSE(append_key(bytes, {.null = true, .text = {}}));
  EXPECT_FALSE(append_key(bytes, value(Kind::real, "1.5")));
}

}  // namespace
}  // namespace vhookd
