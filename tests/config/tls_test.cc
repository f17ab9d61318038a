// tls: {ca, cert, key} as paths and by references, and what is wrong with them.
#include <gtest/gtest.h>

#include "config/load.h"
#include "tests/config/support.h"
#include "tests/support/certificates.h"

namespace vhookd::config {
namespace {

using testing::Authority;
using testing::Issued;

class TlsConfigTest : public ::testing::Test {
 protected:
  std::expected<Config, Errors> read(const std::string& tls) {
    return load(temp_.write("a.yaml",
                            "webhooks:\n  - {id: a, connection_id: c, db_url: 'sqlite:///srv/a.db', "
                            "object_type: t, event: updated, hook_url: 'https://h.example/', tls: " +
                                tls + "}\n"),
                SecretSources{[this](const std::string& name) -> std::optional<std::string> {
                                if (name == "KEY") return own_.key;
                                return std::nullopt;
                              },
                              ""});
  }
  std::string error(const std::string& tls) {
    const auto config = read(tls);
    if (config) return "no error";
    EXPECT_EQ(config.error().size(), 1U);
    for (const auto& text : config.error()) EXPECT_EQ(text.find("PRIVATE KEY-----\nM"), std::string::npos);
    return config.error().front();
  }

  const Authority authority_;
  const Issued own_ = authority_.issue("DNS:a.test");
  const TempFolder temp_;
};

TEST_F(TlsConfigTest, FilesAndReferences) {
  const auto ca = temp_.write("ca.pem", authority_.pem() + own_.cert);
  const auto cert = temp_.write("cert.pem", own_.cert);
  const auto config = read("{ca: " + ca + ", cert: " + cert + ", key: '${env:KEY}'}");
  ASSERT_TRUE(config) << config.error().front();
  const Tls& tls = config->webhooks.at(0).delivery->tls;
  EXPECT_EQ(tls.cert.reveal() + "\n", own_.cert);
  EXPECT_EQ(tls.key.reveal(), own_.key);
  EXPECT_NE(tls.ca.reveal().find(authority_.pem()), std::string::npos);
  EXPECT_TRUE(read("{}")->webhooks.at(0).delivery->tls.empty());
}

TEST_F(TlsConfigTest, WhatIsWrongIsSaid) {
  const auto cert = temp_.write("cert.pem", own_.cert);
  const auto key = temp_.write("key.pem", own_.key);
  const auto other = temp_.write("other.pem", authority_.issue("DNS:b.test").key);
  const auto cut = temp_.write("cut.pem", own_.cert.substr(0, 200));
  const struct {
    std::string tls, reason;
  } cases[] = {
      {"{ca: /nowhere/ca.pem}", "tls.ca: is the path of a file that cannot be read: No such file or directory"},
      {"{ca: ca.pem}", "tls.ca: must be the absolute path of a PEM file"},
      {"{ca: " + key + "}", "tls.ca: is a private key, expected a certificate"},
      {"{ca: " + cut + "}", "tls.ca: contains no readable certificate"},
      {"{cert: " + cert + "}", "tls.cert: requires key; set both or neither"},
      {"{key: " + key + "}", "tls.key: requires cert; set both or neither"},
      {"{cert: " + cert + ", key: " + cert + "}", "tls.key: contains no readable private key"},
      {"{cert: " + cert + ", key: " + other + "}", "tls.key: does not match the certificate in cert"},
      {"{cer: " + cert + "}", "tls.cer: unknown key; did you mean cert?"},
      {"{ca: " + temp_.path() + "}", "tls.ca: is the path of a file that cannot be read: it is a folder"},
  };
  for (const auto& c : cases) EXPECT_NE(error(c.tls).find(c.reason), std::string::npos) << error(c.tls);
}

}  // namespace
}  // namespace vhookd::config
