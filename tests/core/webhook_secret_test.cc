#include "core/webhook_secret.h"

#include <gtest/gtest.h>

#include "core/crypto.h"

namespace vhookd {
namespace {

std::string of_bytes(std::size_t count) {
  return "whsec_" + base64(std::string(count, '\x5a'));
}

TEST(WebhookSecret, GivesTheDecodedBytes) {
  const auto secret = parse_webhook_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  ASSERT_TRUE(secret) << secret.error();
  EXPECT_EQ(hex_lower(secret->reveal()), "31f290f6bf06298aab4f08d43c3f082cf648a362da2da4b0");
}

TEST(WebhookSecret, TakesTwentyFourToSixtyFourBytes) {
  for (const std::size_t count : {24, 25, 26, 32, 63, 64}) EXPECT_TRUE(parse_webhook_secret(of_bytes(count))) << count;
}

TEST(WebhookSecret, SaysWhatIsWrong) {
  const struct {
    std::string text, reason;
  } cases[] = {
      {"", "is empty"},
      {"hunter2", "does not begin with whsec_"},
      {"WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "does not begin with whsec_"},
      {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "does not begin with whsec_"},
      {"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "is a signature"},
      {"v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "is a signature"},
      {"whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==", "ed25519"},
      {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", "space or a line break"},
      {" whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "space or a line break"},
      {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2La-a_w", "URL-safe"},
      {"whsec_" + std::string(34, 'A'), "lacks base64 padding; expected it to end with =="},
      {"whsec_" + std::string(35, 'A'), "lacks base64 padding; expected it to end with ="},
      {"whsec_" + std::string(33, 'A'), "is not base64"},
      {"whsec_" + std::string(34, 'A') + "B=", "is not base64"},  // stray bits: no encoder writes that
      {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa!w", "is not base64"},
      {"whsec_", "contains 0 bytes, which is too short"},
      {of_bytes(23), "contains 23 bytes, which is too short"},
      {of_bytes(65), "contains 65 bytes, which is too long"},
  };
  for (const auto& c : cases) {
    const auto secret = parse_webhook_secret(c.text);
    ASSERT_FALSE(secret) << c.text;
    EXPECT_NE(secret.error().find(c.reason), std::string::npos) << c.text << ": " << secret.error();
  }
}

TEST(WebhookSecret, TheReasonNeverQuotesTheText) {
  for (const std::string text : {"hunter2hunter2", "whsec_hunter2", "whsec_hunter2-_", "v1,hunter2", " hunter2"}) {
    const auto secret = parse_webhook_secret(text);
    ASSERT_FALSE(secret);
    EXPECT_EQ(secret.error().find("hunter2"), std::string::npos) << secret.error();
  }
}

}  // namespace
}  // namespace vhookd
