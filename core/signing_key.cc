#include "core/signing_key.h"

#include "core/crypto.h"
#include "core/webhook_secret.h"

namespace vhookd {

namespace {

constexpr std::size_t key_bytes = 32;

std::expected<std::string, std::string> decoded(std::string_view digits, const std::string& prefix) {
  if (digits.find_first_of("-_") != digits.npos)
    return std::unexpected("is URL-safe base64 (it contains - or _); expected standard base64, with + and / instead");
  if (auto bytes = decode_base64(digits)) return std::move(*bytes);
  return std::unexpected("is not padded standard base64 after " + prefix +
                         " (perhaps it was cut off when copied); `vhookd secret --ed25519` prints a new pair");
}

}  // namespace

std::expected<SigningKey, std::string> parse_signing_key(std::string_view text) {
  constexpr std::string_view prefix = "whsk_";
  if (text.starts_with("whpk_")) {
    return std::unexpected("is a public key (whpk_), which cannot sign; expected the whsk_… key of the pair");
  }
  if (!text.starts_with(prefix)) {
    auto shared = parse_webhook_secret(text);
    if (!shared) return std::unexpected(std::move(shared.error()));
    return SigningKey(std::move(*shared));
  }
  auto bytes = decoded(text.substr(prefix.size()), "whsk_");
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  if (bytes->size() != key_bytes && bytes->size() != 2 * key_bytes) {
    return std::unexpected("contains " + std::to_string(bytes->size()) +
                           " bytes; an ed25519 key has 32, or 64 with its public key");
  }
  const std::string seed = bytes->substr(0, key_bytes);
  if (bytes->size() != key_bytes && bytes->substr(key_bytes) != ed25519_public(seed))
    return std::unexpected("contains a public key that does not match; `vhookd secret --ed25519` prints a new pair");
  return SigningKey(Secret(seed), SigningKey::Kind::ed25519);
}

std::expected<std::string, std::string> parse_public_key(std::string_view text) {
  constexpr std::string_view prefix = "whpk_";
  if (!text.starts_with(prefix)) return std::unexpected("does not begin with whpk_");
  auto bytes = decoded(text.substr(prefix.size()), "whpk_");
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  if (bytes->size() != key_bytes) return std::unexpected("is not an ed25519 public key, which has 32 bytes");
  return std::move(*bytes);
}

KeyPair fresh_key_pair() {
  const std::string seed = random_bytes(key_bytes);
  const std::string its_public = ed25519_public(seed);
  return {"whsk_" + base64(seed + its_public), "whpk_" + base64(its_public)};
}

}  // namespace vhookd
