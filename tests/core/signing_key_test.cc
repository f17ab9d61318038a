#include "core/signing_key.h"

#include <gtest/gtest.h>

#include "core/crypto.h"

namespace vhookd {
namespace {

const std::string whole =
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
const std::string its_public = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";

TEST(SigningKey, TakesTheSeedAloneAndWithItsPublicKey) {
  const auto key = parse_signing_key(whole);
  ASSERT_TRUE(key) << key.error();
  EXPECT_EQ(key->kind(), SigningKey::Kind::ed25519);
  EXPECT_EQ("whpk_" + base64(ed25519_public(key->reveal())), its_public);
  const auto seed = parse_signing_key("whsk_" + base64(key->reveal()));
  ASSERT_TRUE(seed) << seed.error();
  EXPECT_EQ(*seed, *key);
  EXPECT_EQ(*parse_public_key(its_public), ed25519_public(key->reveal()));
}

TEST(SigningKey, TakesASharedSecretToo) {
  const auto key = parse_signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  ASSERT_TRUE(key) << key.error();
  EXPECT_EQ(key->kind(), SigningKey::Kind::shared);
  EXPECT_NE(*key, SigningKey(Secret(key->reveal()), SigningKey::Kind::ed25519));
}

TEST(SigningKey, AFreshPairFits) {
  const KeyPair pair = fresh_key_pair();
  const auto key = parse_signing_key(pair.secret_text);
  ASSERT_TRUE(key) << key.error();
  EXPECT_EQ("whpk_" + base64(ed25519_public(key->reveal())), pair.public_text);
  EXPECT_NE(pair.secret_text, fresh_key_pair().secret_text);
}

TEST(SigningKey, SaysWhatIsWrongAndQuotesNothing) {
  std::string foreign = whole;
  foreign.replace(60, 4, "aaaa");
  const struct {
    std::string text, reason;
  } cases[] = {
      {its_public, "is a public key (whpk_)"},
      {"whsk_", "contains 0 bytes"},
      {whole.substr(0, whole.size() - 2), "is not padded standard base64 after whsk_"},
      {"whsk_" + base64(std::string(31, 'x')), "contains 31 bytes"},
      {"whsk_6Xb_dCcHpPea21PS1N9VY_NZW723CEc77N4rJCubMbc=", "URL-safe"},
      {foreign, "a public key that does not match"},
      {"v1,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "is a signature"},
      {"hunter2", "does not begin with"},
  };
  for (const auto& c : cases) {
    const auto key = parse_signing_key(c.text);
    ASSERT_FALSE(key) << c.text;
    EXPECT_NE(key.error().find(c.reason), std::string::npos) << c.text << ": " << key.error();
    if (c.text.size() > 10) {
      EXPECT_EQ(key.error().find(c.text.substr(5, 6)), std::string::npos) << key.error();
    }
  }
  EXPECT_FALSE(parse_public_key(whole));
  EXPECT_FALSE(parse_public_key("whpk_AAAA"));
}

}  // namespace
}  // namespace vhookd
