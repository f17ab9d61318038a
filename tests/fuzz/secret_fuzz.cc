// Any text as a signing secret: what is taken decodes to its size and is written again as it was; what is refused
// is never repeated; and the configuration takes what the receiver takes.
#include <fuzzer/FuzzedDataProvider.h>

#include "config/hook.h"
#include "core/crypto.h"
#include "core/signing_key.h"
#include "core/webhook_secret.h"
#include "tests/config/support.h"
#include "tests/fuzz/target.h"

namespace vhookd::fuzz {
namespace {

void check_shared(const std::string& text) {
  const auto secret = parse_webhook_secret(text);
  if (!secret) return require_no_canary(secret.error(), "an error repeats nothing of a secret");
  const auto size = secret->reveal().size();
  require(size >= 24 && size <= 64, "a secret has 24 to 64 bytes");
  require("whsec_" + base64(secret->reveal()) == text, "a secret is written as it was read", text);
}

void check_key(const std::string& text) {
  const auto key = parse_signing_key(text);
  if (!key) return require_no_canary(key.error(), "an error repeats nothing of a key");
  const auto& bytes = key->reveal();
  if (key->kind() == SigningKey::Kind::shared) {
    require(parse_webhook_secret(text).has_value(), "a shared secret is one", text);
    return;
  }
  require(bytes.size() == 32, "a seed has 32 bytes");
  require(text == "whsk_" + base64(bytes) || text == "whsk_" + base64(bytes + ed25519_public(bytes)),
          "a key is written as it was read", text);
}

void check_public(const std::string& text) {
  const auto bytes = parse_public_key(text);
  if (!bytes) return require_no_canary(bytes.error(), "an error repeats nothing of a public key");
  require(bytes->size() == 32 && "whpk_" + base64(*bytes) == text, "a public key is written as it was read", text);
}

// As `secret: TEXT` in a file.
void check_in_configuration(const std::string& text) {
  static const config::SecretSources secrets = config::test_secrets();
  if (text.contains("${")) return;
  config::Report report;
  config::Context context{report, secrets};
  const int file = report.add_file("vhookd.yaml");
  const config::Node node{config::Node::Type::quoted, config::Location{file, 1, 1}, text, {}, {}};
  const auto read = config::signing_secrets().read({&context, &node, "secret", node.location});
  require(read.has_value() == parse_signing_key(text).has_value(), "file and receiver take the same", text);
  require(read.has_value() != report.failed(), "what is refused has an error", text);
  for (const std::string& error : report.errors()) require_no_canary(error, "a message says no secret");
}

void check(const std::string& text) {
  check_shared(text);
  check_key(text);
  check_public(text);
  check_in_configuration(text);
}

}  // namespace
}  // namespace vhookd::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vhookd;
  FuzzedDataProvider given(data, size);
  const auto way = given.ConsumeIntegralInRange(0, 3);
  std::string text = given.ConsumeRandomLengthString(200);
  // As it came; as the bytes of a secret of that kind; with the canary in it.
  if (way == 1) text = "whsec_" + base64(text);
  if (way == 2)
    text = "whsk_" + base64(text.substr(0, 32) + (text.size() < 33 ? "" : ed25519_public(text.substr(0, 32))));
  if (way == 3) text.insert(given.ConsumeIntegralInRange<std::size_t>(0, text.size()), fuzz::canary);
  fuzz::check(text);
  return 0;
}
