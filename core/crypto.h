// The cryptographic primitives that signing needs, implemented with OpenSSL. Thread-safe. All functions are pure except
// random_bytes and random_id. If OpenSSL fails (no memory), the process aborts.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace vhookd {

std::string hmac_sha256(std::string_view key, std::string_view part1, std::string_view part2 = {});  // 32 raw bytes
std::string hex_lower(std::string_view bytes);
std::string base64(std::string_view bytes);  // standard alphabet, padded
void append_base64(std::string& out, std::string_view bytes);
std::optional<std::string> decode_base64(std::string_view text);  // strict: standard alphabet, padded; else nullopt
// ed25519. Seeds and public keys are 32 raw bytes, signatures 64.
std::string ed25519_public(std::string_view seed);
std::string ed25519_sign(std::string_view seed, std::string_view message);
bool ed25519_verify(std::string_view public_key, std::string_view message, std::string_view signature);
std::string random_bytes(std::size_t count);  // from the system's generator
std::string random_id();                      // 32 lower-case hex digits

}  // namespace vhookd
