#include "delivery/sign.h"

#include <gtest/gtest.h>

#include "core/webhook_secret.h"

namespace vhookd {
namespace {

constexpr std::string_view id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr std::string_view body = R"({"test": 2432232314})";
constexpr std::string_view published = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const std::chrono::sys_seconds at{std::chrono::seconds(1614265330)};

Secret secret() {
  return *parse_webhook_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
}
Secret other() {
  return Secret(std::string(24, 'x'));
}

TEST(Sign, ThePublishedVector) {
  const std::vector secrets = {secret()};
  EXPECT_EQ(standard_signature(secrets, id, at, body), published);
}

TEST(Sign, SeveralSecretsStandInOrderWithOneSpaceBetween) {
  const std::vector both = {other(), secret()};
  const std::vector first = {other()};
  EXPECT_EQ(standard_signature(both, id, at, body),
            standard_signature(first, id, at, body) + " " + std::string(published));
  EXPECT_EQ(standard_signature({}, id, at, body), "");
}

TEST(Sign, VerifyTakesAnyOfTheSignatures) {
  const std::string right(published);
  const struct {
    std::string header;
    bool good;
  } cases[] = {
      {right, true},
      {"v1,AAAA " + right, true},
      {right + " v1,AAAA", true},
      {"v1a,AAAA  " + right, true},
      {"", false},
      {" ", false},
      {"v1,", false},
      {right.substr(3), false},
      {"v2" + right.substr(2), false},
      {right + "=", false},
      {right.substr(0, right.size() - 1), false},
      {"V1" + right.substr(2), false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(verify_standard(secret(), id, "1614265330", body, c.header), c.good) << '"' << c.header << '"';
  }
}

TEST(Sign, EveryPartCounts) {
  EXPECT_FALSE(verify_standard(other(), id, "1614265330", body, published));
  EXPECT_FALSE(verify_standard(secret(), "msg_other", "1614265330", body, published));
  EXPECT_FALSE(verify_standard(secret(), id, "1614265331", body, published));
  EXPECT_FALSE(verify_standard(secret(), id, "1614265330", R"({"test": 2432232315})", published));
}

TEST(Sign, AFreshSecretIsOneTheParserTakes) {
  const std::string fresh = fresh_secret();
  const auto parsed = parse_webhook_secret(fresh);
  ASSERT_TRUE(parsed) << parsed.error();
  EXPECT_EQ(parsed->reveal().size(), 32U);
  EXPECT_NE(fresh, fresh_secret());
}

}  // namespace
}  // namespace vhookd
