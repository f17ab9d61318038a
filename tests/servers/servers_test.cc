// That the test servers are there at all: a run in which every database test skips must not look like
// one in which all passed.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/support/servers.h"

namespace vhookd::testing {
namespace {

class Servers : public ::testing::TestWithParam<const char*> {};

TEST_P(Servers, IsUp) {
  if (const auto why = why_unavailable(GetParam()); !why.empty()) GTEST_SKIP() << why;
  EXPECT_NE(server_url(GetParam())->find("@127.0.0.1:"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(All, Servers, ::testing::Values("postgres15", "postgres18", "mariadb", "mysql"),
                         [](const auto& server) { return std::string(server.param); });

TEST(ServerUrl, TheEnvironmentWins) {
  ASSERT_EQ(::setenv("VHOOKD_TEST_ABACUS", "postgresql://elsewhere/", 1), 0);
  EXPECT_EQ(server_url("abacus"), "postgresql://elsewhere/");
  EXPECT_EQ(why_unavailable("abacus"), "");
  ::unsetenv("VHOOKD_TEST_ABACUS");
}

TEST(ServerUrl, AnUnknownOneSaysHowToGetIt) {
  EXPECT_EQ(server_url("abacus"), std::nullopt);
  EXPECT_NE(why_unavailable("abacus").find("VHOOKD_TEST_ABACUS"), std::string::npos);
}

}  // namespace
}  // namespace vhookd::testing
