#include "delivery/sign.h"

#include <openssl/crypto.h>

#include "core/crypto.h"

namespace vhookd {

namespace {

constexpr std::string_view ed25519_prefix = "v1a,";

std::string one_signature(const Secret& secret, std::string_view head, std::string_view body) {
  std::string out = "v1,";
  append_base64(out, hmac_sha256(secret.reveal(), head, body));
  return out;
}

// The signed text before the body: "id.timestamp.".
std::string head_of(std::string_view id, std::string_view timestamp) {
  std::string out;
  out.reserve(id.size() + timestamp.size() + 2);
  return out.append(id).append(1, '.').append(timestamp).append(1, '.');
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

std::string standard_signature(std::span<const SigningKey> secrets, std::string_view id,
                               std::chrono::sys_seconds timestamp, std::string_view body) {
  const std::string head = head_of(id, std::to_string(timestamp.time_since_epoch().count()));
  std::string out;
  for (const SigningKey& secret : secrets) {
    if (!out.empty()) out += ' ';
    out += secret.kind() == SigningKey::Kind::ed25519
               ? std::string(ed25519_prefix) + base64(ed25519_sign(secret.reveal(), std::string(head).append(body)))
               : one_signature(secret, head, body);
  }
  return out;
}

bool verify_standard(const Secret& secret, std::string_view id, std::string_view timestamp, std::string_view body,
                     std::string_view signature_header) {
  const std::string right = one_signature(secret, head_of(id, timestamp), body);
  bool found = false;
  while (!signature_header.empty()) {  // check all of them, so that the time does not reveal which one matches
    const std::size_t end = std::min(signature_header.find(' '), signature_header.size());
    found |= equal_in_constant_time(signature_header.substr(0, end), right);
    signature_header.remove_prefix(std::min(end + 1, signature_header.size()));
  }
  return found;
}

bool verify_ed25519(std::string_view public_key, std::string_view id, std::string_view timestamp, std::string_view body,
                    std::string_view signature_header) {
  const std::string message = head_of(id, timestamp).append(body);
  while (!signature_header.empty()) {
    const std::size_t end = std::min(signature_header.find(' '), signature_header.size());
    const std::string_view one = signature_header.substr(0, end);
    signature_header.remove_prefix(std::min(end + 1, signature_header.size()));
    if (!one.starts_with(ed25519_prefix)) continue;
    const auto signature = decode_base64(one.substr(ed25519_prefix.size()));
    if (signature && ed25519_verify(public_key, message, *signature)) return true;
  }
  return false;
}

std::string fresh_secret() {
  return "whsec_" + base64(random_bytes(32));
}

}  // namespace vhookd
