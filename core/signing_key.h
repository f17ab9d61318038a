// The key that signs a POST: a shared secret (signature v1), or the private key of an ed25519 pair (signature v1a).
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "core/secret.h"

namespace vhookd {

// reveal() gives the raw bytes: the HMAC key, or the 32-byte ed25519 seed.
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

// Parses whsec_… (core/webhook_secret.h), or whsk_ followed by the base64 of the seed or of the seed and the public
// key, which is how other senders print it. The error says what is wrong and what is expected, worded as the end of a
// sentence and without any part of the text.
std::expected<SigningKey, std::string> parse_signing_key(std::string_view text);

// Parses whpk_ followed by the base64 of a 32-byte public key. Returns the bytes, or what is wrong.
std::expected<std::string, std::string> parse_public_key(std::string_view text);

// A new "whsk_…" key and the "whpk_…" key that verifies its signatures.
struct KeyPair {
  std::string secret_text, public_text;
};
KeyPair fresh_key_pair();

}  // namespace vhookd
