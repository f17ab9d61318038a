#include "core/webhook_secret.h"

#include <algorithm>

#include "core/crypto.h"

namespace vhookd {

namespace {

constexpr std::string_view prefix = "whsec_";
constexpr std::size_t least_bytes = 24;
constexpr std::size_t most_bytes = 64;

bool has_space(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; });
}

// Why `digits` is not padded standard base64.
std::string why_not_base64(std::string_view digits) {
  if (digits.find_first_of("-_") != digits.npos) {
    return "is URL-safe base64 (it contains - or _); expected standard base64, with + and / instead";
  }
  const std::string padded = std::string(digits) + std::string((4 - digits.size() % 4) % 4, '=');
  if (padded.size() != digits.size() && decode_base64(padded)) {
    return "lacks base64 padding; expected it to end with " + padded.substr(digits.size());
  }
  return "is not base64 after whsec_ (perhaps it was cut off when copied); `vhookd secret` prints a new one";
}

}  // namespace

std::expected<Secret, std::string> parse_webhook_secret(std::string_view text) {
  const auto wrong = [](std::string why) { return std::unexpected(std::move(why)); };
  if (text.empty()) return wrong("is empty; expected whsec_ followed by base64, as `vhookd secret` prints it");
  if (has_space(text))
    return wrong("contains a space or a line break; expected whsec_ followed by base64, without spaces");
  if (text.starts_with("v1,") || text.starts_with("v1a,")) {
    return wrong("is a signature (v1,…), not a secret; expected the whsec_… secret that creates such signatures");
  }
  if (text.starts_with("whsk_") || text.starts_with("whpk_")) {
    return wrong("is an ed25519 key (whsk_, whpk_); expected a shared secret, whsec_…");
  }
  if (!text.starts_with(prefix)) return wrong("does not begin with whsec_; `vhookd secret` prints a new one");

  const std::string_view digits = text.substr(prefix.size());
  std::optional<std::string> bytes = decode_base64(digits);
  if (!bytes) return wrong(why_not_base64(digits));
  const std::string size = std::to_string(bytes->size());
  if (bytes->size() < least_bytes)
    return wrong("contains " + size + " bytes, which is too short; expected 24 to 64 bytes");
  if (bytes->size() > most_bytes)
    return wrong("contains " + size + " bytes, which is too long; expected 24 to 64 bytes");
  return Secret(std::move(*bytes));
}

}  // namespace vhookd
