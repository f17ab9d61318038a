#include "delivery/pace.h"

#include <gtest/gtest.h>

namespace vhookd {
namespace {

using namespace std::chrono_literals;

const Tick start{1h};

TEST(Pace, TheAnswerIsASign) {
  const struct {
    int status;
    bool slow;
    Sign sign;
  } cases[] = {
      {200, false, Sign::delivered},  {204, false, Sign::delivered},  {301, false, Sign::answered},
      {400, false, Sign::answered},   {404, false, Sign::answered},   {410, false, Sign::answered},
      {429, false, Sign::overloaded}, {500, false, Sign::failed},     {501, false, Sign::failed},
      {502, false, Sign::overloaded}, {503, false, Sign::overloaded}, {504, false, Sign::overloaded},
      {505, false, Sign::failed},     {0, false, Sign::failed},       {0, true, Sign::overloaded},
  };
  for (const auto& c : cases) EXPECT_EQ(sign_of(c.status, c.slow), c.sign) << c.status << c.slow;
}

TEST(Pace, AnOverloadHalvesAndEachSuccessAddsOne) {
  Pace pace(16);
  EXPECT_TRUE(pace.at_rest());
  for (const int window : {8, 4, 2, 1, 1}) {
    pace.note(Sign::overloaded, start);
    EXPECT_EQ(pace.window(), window);
    EXPECT_TRUE(pace.slowed());
  }
  for (int window = 2; window <= 16; ++window) {
    pace.note(Sign::delivered, start);
    EXPECT_EQ(pace.window(), window);
  }
  pace.note(Sign::delivered, start);
  EXPECT_EQ(pace.window(), 16);
  EXPECT_TRUE(pace.at_rest());
  pace.note(Sign::answered, start);
  EXPECT_TRUE(pace.at_rest()) << "a 404 says nothing against the endpoint";
}

TEST(Pace, OneFailureIsNoOutageTwoAre) {
  Pace pace(16);
  pace.note(Sign::failed, start);
  EXPECT_EQ(pace.window(), 16);
  pace.note(Sign::failed, start + 100ms);
  EXPECT_EQ(pace.window(), 8);
  pace.note(Sign::delivered, start + 999ms);
  EXPECT_EQ(pace.window(), 9) << "shorter than a second";
  pace.started(start + 1s);
  EXPECT_LE(pace.not_before(), start + 1s);
}

TEST(Pace, AfterAnOutageItGoesOnSlowly) {
  const struct { Micros outage, gap; } cases[] = {{1s, 100ms}, {5s, 500ms}, {10s, 1s}, {24h, 1s}};
  for (const auto& c : cases) {
    Pace pace(16);
    pace.note(Sign::failed, start);
    pace.note(Sign::failed, start + c.outage / 2);
    pace.note(Sign::delivered, start + c.outage);
    EXPECT_EQ(pace.window(), 1);
    Tick now = start + c.outage;
    int posts = 0;
    for (Micros gap = c.gap; gap >= 20ms; gap /= 2, ++posts) {
      pace.started(now);
      EXPECT_EQ(pace.not_before() - now, gap);
      now = pace.not_before();
      pace.note(Sign::delivered, now);
    }
    pace.started(now);
    EXPECT_EQ(pace.not_before(), now);
    EXPECT_EQ(pace.window(), posts + 1);
  }
}

TEST(RateLimit, NoSecondSeesMore) {
  for (const double rate : {0.5, 1.0, 3.0, 7.0, 1000.0}) {
    RateLimit limit;
    std::vector<Tick> starts;
    for (Tick now = start; starts.size() < 100; now = std::max(now, limit.not_before())) {
      limit.started(now, rate);
      starts.push_back(now);
    }
    const auto within = static_cast<std::size_t>(std::max(rate, 1.0));
    for (std::size_t i = 0; i + within < starts.size(); ++i)
      EXPECT_GE(starts[i + within] - starts[i], rate < 1 ? Micros(2s) : Micros(1s)) << rate;
  }
}

}  // namespace
}  // namespace vhookd
