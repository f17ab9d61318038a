#include "delivery/printable.h"

#include <gtest/gtest.h>

namespace vhookd {
namespace {

TEST(Printable, Cases) {
  using namespace std::string_literals;
  const struct {
    std::string bytes, shown;
  } cases[] = {
      {"", ""},
      {"plain ~text", "plain ~text"},
      {"a\r\n\tb\0c\x1b[31m\x7f"s, "a   b c [31m "},
      {"\u00e4\u20ac\U0001f600", "\u00e4\u20ac\U0001f600"},
      {"\xc2\x9b"
       "2J",
       " 2J"},  // C1: CSI in one character
      {"\xc2\xa0", "\xc2\xa0"},
      {"\xff\xfe", "??"},
      {"\xc3", "?"},  // cut short
      {"\xe2\x82", "??"},
      {"\xc3(", "?("},
      {"\x80x", "?x"},
      {"\xc0\xaf", "??"},  // overlong
      {"\xe0\x80\xaf", "???"},
      {"\xed\xa0\x80", "???"},       // a surrogate
      {"\xf4\x90\x80\x80", "????"},  // beyond Unicode
      {"\xf5\x80\x80\x80", "????"},
  };
  for (const auto& c : cases) EXPECT_EQ(printable(c.bytes, 100), c.shown);
}

TEST(Printable, CutsBetweenCharacters) {
  EXPECT_EQ(printable("abc", 2), "ab");
  EXPECT_EQ(printable("a\u20ac", 3), "a");
  EXPECT_EQ(printable("a\u20ac", 4), "a\u20ac");
  EXPECT_EQ(printable("abc", 0), "");
}

}  // namespace
}  // namespace vhookd
