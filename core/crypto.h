// The few primitives signing needs, over OpenSSL. Pure but for random_bytes and random_id. Thread-safe.
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
std::optional<std::string> decode_base64(std::string_view text);  // strict: standard, padded
// ed25519. seed and public key: 32 raw bytes; a signature: 64.
std::string ed25519_public(std::string_view seed);
std::string ed25519_sign(std::string_view seed, std::string_view message);
bool ed25519_verify(std::string_view public_key, std::string_view message, std::string_view signature);
std::string random_bytes(std::size_t count);  // from the system; ends the process if it has none
std::string random_id();                      // 32 lower-case hex digits

}  // namespace vhookd
