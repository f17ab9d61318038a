// What a POST is signed with: a shared secret (v1), or the private half of an ed25519 pair (v1a).
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "core/secret.h"

namespace vhookd {

// The bytes: the HMAC key, or the seed of 32 bytes that the pair is made of.
class SigningKey : public Secret {
 public:
  enum class Kind { shared, ed25519 };
  SigningKey() = default;
  // Implicit: a shared secret is a signing key. NOLINTNEXTLINE(google-explicit-constructor)
  SigningKey(Secret bytes, Kind kind = Kind::shared) : Secret(std::move(bytes)), kind_(kind) {}
  Kind kind() const { return kind_; }
  bool operator==(const SigningKey&) const = default;

 private:
  Kind kind_ = Kind::shared;
};

// whsec_… (core/webhook_secret.h) or whsk_ and the base64 of the seed, or of the seed and the public key, as other
// senders print it. Otherwise what is wrong and what would be right, for the end of a sentence, without any of
// the text.
std::expected<SigningKey, std::string> parse_signing_key(std::string_view text);

// whpk_ and the base64 of the 32 bytes of a public key; the bytes, or what is wrong.
std::expected<std::string, std::string> parse_public_key(std::string_view text);

// "whsk_…" and the "whpk_…" that verifies what it signs.
struct KeyPair {
  std::string secret_text, public_text;
};
KeyPair fresh_key_pair();

}  // namespace vhookd
