// Signs and verifies requests as Standard Webhooks defines it (signatures v1 and v1a), and generates secrets.
// Pure, except fresh_secret. Thread-safe. Format: https://www.standardwebhooks.com.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "core/secret.h"
#include "core/signing_key.h"

namespace vhookd {

// The webhook-signature header: "v1,BASE64" for each shared secret and "v1a,BASE64" for each ed25519 key, in the order
// of `secrets`, separated by one space.
std::string standard_signature(std::span<const SigningKey> secrets, std::string_view id,
                               std::chrono::sys_seconds timestamp, std::string_view body);

// Verifies as a receiver does: true if one of the signatures in the header is valid for `secret`. Compares in constant
// time. `timestamp`: the text of the webhook-timestamp header; the caller checks whether it is recent.
bool verify_standard(const Secret& secret, std::string_view id, std::string_view timestamp, std::string_view body,
                     std::string_view signature_header);
// The same with an ed25519 public key of 32 bytes.
bool verify_ed25519(std::string_view public_key, std::string_view id, std::string_view timestamp, std::string_view body,
                    std::string_view signature_header);

// "whsec_" and the base64 of 32 random bytes; core/webhook_secret.h parses it.
std::string fresh_secret();

}  // namespace vhookd
