// Signatures over a request, as Standard Webhooks (v1, v1a) has them, and fresh secrets for them.
// Pure but for fresh_secret. Format: https://www.standardwebhooks.com.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "core/secret.h"
#include "core/signing_key.h"

namespace vhookd {

// The webhook-signature header: "v1,BASE64" for each shared secret, "v1a,BASE64" for each ed25519 key, in their
// order with one space between.
std::string standard_signature(std::span<const SigningKey> secrets, std::string_view id,
                               std::chrono::sys_seconds timestamp, std::string_view body);

// What a receiver does: true where one of the header's signatures is right under `secret`, compared in
// constant time. `timestamp`: the header's text; whether it is recent is the caller's to judge.
bool verify_standard(const Secret& secret, std::string_view id, std::string_view timestamp, std::string_view body,
                     std::string_view signature_header);
// The same with an ed25519 public key of 32 bytes.
bool verify_ed25519(std::string_view public_key, std::string_view id, std::string_view timestamp, std::string_view body,
                    std::string_view signature_header);

// "whsec_" and the base64 of 32 random bytes, which core/webhook_secret.h reads.
std::string fresh_secret();

}  // namespace vhookd
