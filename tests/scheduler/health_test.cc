#include "scheduler/health.h"

#include <gtest/gtest.h>

namespace vhookd {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Health, TwoFailuresInARowOrOneThatLasts) {
  Side side;
  side.failed("a", false);
  EXPECT_TRUE(side.healthy);
  EXPECT_EQ(side.last_error, "a");
  side.failed("b", false);
  EXPECT_FALSE(side.healthy);
  EXPECT_EQ(side.failed_in_a_row, 2);
  side.succeeded();
  EXPECT_TRUE(side.healthy);
  EXPECT_EQ(side.last_error, "");
  EXPECT_EQ(side.failed_in_a_row, 0);
  side.failed("a", false);
  side.succeeded();
  side.failed("c", false);
  EXPECT_TRUE(side.healthy);
  side.succeeded();
  side.failed("no such table", true);
  EXPECT_FALSE(side.healthy);
}

TEST(Health, WhatAPersonMustMendLasts) {
  EXPECT_TRUE(is_lasting(Recourse::ask_operator));
  EXPECT_TRUE(is_lasting(Recourse::give_up));
  EXPECT_FALSE(is_lasting(Recourse::retry));
  EXPECT_FALSE(is_lasting(Recourse::reconnect));
}

TEST(Health, StaleAfterThreeIntervalsAndAMinute) {
  const Instant start{seconds(1'800'000'000)};
  const auto limit = 3 * seconds(30) + minutes(1);
  EXPECT_FALSE(stale(start, start - minutes(99), seconds(30), start + limit));
  const auto why = stale(start, start - minutes(99), seconds(30), start + limit + Micros(1));
  ASSERT_TRUE(why);
  EXPECT_NE(why->find("2027-01-15T08:00:00Z"), std::string::npos) << *why;
  EXPECT_FALSE(stale(std::nullopt, start, milliseconds(100), start + minutes(1)));
  const auto never = stale(std::nullopt, start, milliseconds(100), start + minutes(2));
  ASSERT_TRUE(never);
  EXPECT_NE(never->find("no complete check"), std::string::npos) << *never;
}

}  // namespace
}  // namespace vhookd
