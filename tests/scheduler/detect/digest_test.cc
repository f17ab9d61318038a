#include "scheduler/detect/digest.h"

#include <gtest/gtest.h>

#include <set>

namespace vhookd {
namespace {

std::string of(const std::vector<std::optional<std::string>>& texts) {
  std::vector<Value> values;
  for (const auto& text : texts)
    values.push_back({.null = !text, .text = text ? std::string_view(*text) : std::string_view("ignored")});
  return digest(values, values.size());
}

TEST(Digest, TellsNullFromEmptyAndWhereAColumnEnds) {
  using namespace std::string_literals;
  const std::set<std::string> all = {
      of({""}),        of({"a"}),       of({"", ""}),    of({std::nullopt, ""}), of({"", std::nullopt, ""}),
      of({"ab", "c"}), of({"a", "bc"}), of({"abc", ""}), of({"", "abc"}),        of({"a\0"s}),
      of({"\0a"s}),    of({})};
  EXPECT_EQ(all.size(), 12U);
  for (const auto& one : all) EXPECT_EQ(one.size(), 16U);
}

TEST(Digest, AColumnAddedWithoutAValueChangesNothing) {
  EXPECT_EQ(of({"1", "a", std::nullopt}), of({"1", "a"}));
  EXPECT_EQ(of({"1", std::nullopt, std::nullopt}), of({"1"}));
  EXPECT_NE(of({"1", "a", ""}), of({"1", "a"}));
}

TEST(Digest, IsOfTheFirstColumnsAlone) {
  const std::vector<Value> a = {{.text = "1"}, {.text = "x"}};
  const std::vector<Value> b = {{.text = "1"}, {.text = "y"}};
  EXPECT_EQ(digest(a, 1), digest(b, 1));
  EXPECT_NE(digest(a, 2), digest(b, 2));
}

TEST(Digest, TypedByCellTellsNumberTextAndBinaryOfTheSameTextApart) {
  const auto one = [](Kind kind, Typing typing) {
    const std::vector<Value> values = {{.kind = kind, .text = "1"}};
    return digest(values, 1, typing);
  };
  EXPECT_EQ(one(Kind::text, Typing::by_cell), of({"1"}));
  EXPECT_NE(one(Kind::text, Typing::by_cell), one(Kind::integer, Typing::by_cell));
  EXPECT_NE(one(Kind::text, Typing::by_cell), one(Kind::binary, Typing::by_cell));
  EXPECT_NE(one(Kind::integer, Typing::by_cell), one(Kind::binary, Typing::by_cell));
  EXPECT_EQ(one(Kind::integer, Typing::by_cell), one(Kind::real, Typing::by_cell)) << "both are the number 1";
  EXPECT_EQ(one(Kind::integer, Typing::by_column), of({"1"}));
}

TEST(Digest, IsStoredAndSoStaysTheSame) {
  const auto bytes = of({"1", std::nullopt, "ü"});
  std::string hex;
  for (const char c : bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    hex += digits[static_cast<unsigned char>(c) >> 4];
    hex += digits[static_cast<unsigned char>(c) & 15];
  }
  EXPECT_EQ(hex, "be084474c04752efe76b4054c669c043");
}

}  // namespace
}  // namespace vhookd
