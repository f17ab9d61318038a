#include "core/shared.h"

#include <gtest/gtest.h>

#include <string>

namespace vhookd {

TEST(Shared, CopiesStandForOneValueUntilOneIsEdited) {
  const Shared<std::string> first(std::string("as it was"));
  auto second = first;
  EXPECT_TRUE(second.same_as(first));
  second.edit() = "changed";
  EXPECT_EQ(*first, "as it was");
  EXPECT_EQ(*second, "changed");
  EXPECT_FALSE(first == second);
}

TEST(Shared, WhatIsPlainStaysPlain) {
  Shared<std::string> one;
  one.edit() = "changed";
  EXPECT_TRUE(Shared<std::string>()->empty());
}

TEST(Shared, EqualOnesJoin) {
  const Shared<std::string> first(std::string("same"));
  Shared<std::string> second(std::string("same"));
  Shared<std::string> third(std::string("other"));
  EXPECT_TRUE(second == first);
  EXPECT_FALSE(second.same_as(first));
  second.join(first);
  third.join(first);
  EXPECT_TRUE(second.same_as(first));
  EXPECT_EQ(*third, "other");
}

}  // namespace vhookd
