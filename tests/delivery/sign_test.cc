#include "delivery/sign.h"

#include <gtest/gtest.h>

#include "core/webhook_secret.h"

namespace vhookd {
namespace {

constexpr std::string_view id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr std::string_view body = R"({"test": 2432232314})";
constexpr std::string_view published = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const std::chrono::sys_seconds at{std::chrono::seconds(1614265330)};

SigningKey secret() {
  return *parse_webhook_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
}
SigningKey other() {
  return Secret(std::string(24, 'x'));
}

// Svix's pair and signature, which other senders and receivers test themselves against too.
constexpr std::string_view private_text =
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
constexpr std::string_view public_text = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
constexpr std::string_view published_v1a =
    "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";

TEST(Sign, ThePublishedVector) {
  const std::vector secrets = {secret()};
  EXPECT_EQ(standard_signature(secrets, id, at, body), published);
}

TEST(Sign, ThePublishedVectorOfEd25519) {
  const std::vector keys = {*parse_signing_key(private_text)};
  EXPECT_EQ(standard_signature(keys, id, at, body), published_v1a);
}

TEST(Sign, BothKindsStandSideBySide) {
  const std::vector keys = {secret(), *parse_signing_key(private_text), other()};
  const std::vector last = {other()};
  const std::string header = standard_signature(keys, id, at, body);
  EXPECT_EQ(header,
            std::string(published) + " " + std::string(published_v1a) + " " + standard_signature(last, id, at, body));
  EXPECT_TRUE(verify_standard(secret(), id, "1614265330", body, header));
  EXPECT_TRUE(verify_ed25519(*parse_public_key(public_text), id, "1614265330", body, header));
}

TEST(Sign, Ed25519VerifiesNothingElse) {
  const std::string key = *parse_public_key(public_text);
  EXPECT_TRUE(verify_ed25519(key, id, "1614265330", body, published_v1a));
  EXPECT_FALSE(verify_ed25519(key, "msg_other", "1614265330", body, published_v1a));
  EXPECT_FALSE(verify_ed25519(key, id, "1614265331", body, published_v1a));
  EXPECT_FALSE(verify_ed25519(key, id, "1614265330", "{}", published_v1a));
  EXPECT_FALSE(verify_ed25519(*parse_public_key(fresh_key_pair().public_text), id, "1614265330", body, published_v1a));
  for (const std::string header : {"", "v1a,", "v1a,AAAA", "v1a,%%%%"})
    EXPECT_FALSE(verify_ed25519(key, id, "1614265330", body, header)) << header;
  EXPECT_FALSE(verify_ed25519(key, id, "1614265330", body, "v1" + std::string(published_v1a.substr(3))));
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
