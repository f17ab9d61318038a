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
    return "is URL-safe base64 (it holds - or _); should be standard base64, with + and / in their place";
  }
  const std::string padded = std::string(digits) + std::string((4 - digits.size() % 4) % 4, '=');
  if (padded.size() != digits.size() && decode_base64(padded)) {
    return "lacks the padding of its base64; should end with " + padded.substr(digits.size());
  }
  return "is not base64 after whsec_ (perhaps it was cut while copying); `vhookd secret` prints a fresh one";
}

}  // namespace

std::expected<Secret, std::string> parse_webhook_secret(std::string_view text) {
  const auto wrong = [](std::string why) { return std::unexpected(std::move(why)); };
  if (text.empty()) return wrong("is empty; should be whsec_ and base64, as `vhookd secret` prints it");
  if (has_space(text)) return wrong("holds a space or a line break; should be whsec_ and base64 in one piece");
  if (text.starts_with("v1,") || text.starts_with("v1a,")) {
    return wrong("is a signature (v1,…), not a secret; should be the whsec_… that such signatures are made with");
  }
  if (text.starts_with("whsk_") || text.starts_with("whpk_")) {
    return wrong("is an ed25519 key (whsk_, whpk_), and a shared secret, whsec_…, is wanted here");
  }
  if (!text.starts_with(prefix)) return wrong("does not begin with whsec_; `vhookd secret` prints a fresh one");

  const std::string_view digits = text.substr(prefix.size());
  std::optional<std::string> bytes = decode_base64(digits);
  if (!bytes) return wrong(why_not_base64(digits));
  const std::string size = std::to_string(bytes->size());
  if (bytes->size() < least_bytes)
    return wrong("holds " + size + " bytes, which is too short; should be 24 to 64 bytes");
  if (bytes->size() > most_bytes) return wrong("holds " + size + " bytes, which is too long; should be 24 to 64 bytes");
  return Secret(std::move(*bytes));
}

}  // namespace vhookd
