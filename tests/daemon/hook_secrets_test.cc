#include "daemon/engine/hook_secrets.h"

#include <gtest/gtest.h>

#include "core/crypto.h"

namespace vhookd {
namespace {

config::Webhook webhook() {
  config::Webhook webhook;
  webhook.delivery.edit().hook_url_display = "https://app.example/${env:PATH_TOKEN}/in?key=${file:/key}&v=1";
  webhook.delivery.edit().hook_url = "https://app.example/PathToken1/in?key=QueryToken2&v=1";
  webhook.delivery.edit().headers = {{"authorization", Secret("Bearer HeaderToken3")}, {"x-version", Secret("1")}};
  return webhook;
}

TEST(HookSecrets, AreHiddenWhereverTheyStand) {
  const HookSecrets secrets(webhook());
  EXPECT_EQ(secrets.without("no PathToken1, no QueryToken2: Bearer HeaderToken3!"), "no ***, no ***: ***!");
  EXPECT_EQ(secrets.without("HeaderToken3HeaderToken3"), "******");
  EXPECT_EQ(secrets.without("version 1 of Bearer tokens"), "version 1 of Bearer tokens");
  EXPECT_EQ(secrets.without(""), "");
}

TEST(HookSecrets, AreHiddenWhereTheAnswerWasCut) {
  const HookSecrets secrets(webhook());
  EXPECT_EQ(secrets.without("you sent HeaderTok"), "you sent ***");
  EXPECT_EQ(secrets.without("you sent Head"), "you sent ***");
  EXPECT_EQ(secrets.without("you sent He"), "you sent He");
}

TEST(HookSecrets, TakeAReferenceAtTheEndOfTheUrlToTheEnd) {
  auto one = webhook();
  one.delivery.edit().hook_url_display = "${env:BASE}/in/${env:LAST}";
  one.delivery.edit().hook_url = "https://app.example/in/LastToken4";
  const HookSecrets secrets(one);
  EXPECT_EQ(secrets.without("LastToken4"), "***");
}

TEST(HookSecrets, TheSecretsOfTheSignatureAreAmongThem) {
  const KeyPair pair = fresh_key_pair();
  config::Webhook one;
  one.delivery.edit().secrets = {*parse_signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
                                 *parse_signing_key(pair.secret_text)};
  const HookSecrets secrets(one);
  EXPECT_EQ(secrets.without("no signature of whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw here"),
            "no signature of whsec_*** here");
  EXPECT_FALSE(secrets.without("nor of " + pair.secret_text).contains(pair.secret_text.substr(5, 20)));
  const std::string seed = base64(parse_signing_key(pair.secret_text)->reveal());
  EXPECT_FALSE(secrets.without("nor of whsk_" + seed + ".").contains(seed.substr(0, 20)));
  EXPECT_EQ(secrets.without(pair.public_text), pair.public_text);
}

TEST(HookSecrets, OfNoneNothingIsHidden) {
  config::Webhook one;
  one.delivery.edit().hook_url = one.delivery.edit().hook_url_display = "https://app.example/in?token=AsWritten";
  EXPECT_EQ(HookSecrets(one).without("AsWritten 500"), "AsWritten 500");
}

}  // namespace
}  // namespace vhookd
