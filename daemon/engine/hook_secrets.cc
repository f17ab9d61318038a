#include "daemon/engine/hook_secrets.h"

#include <algorithm>

#include "core/crypto.h"

namespace vhookd {

namespace {

constexpr std::size_t least_secret_bytes = 8;
constexpr std::size_t least_beginning_bytes = 4;

// The values that stand in `resolved` where `written` has ${…}.
std::vector<std::string> references_in(std::string_view written, std::string_view resolved) {
  std::vector<std::string> values;
  while (true) {
    const auto open = written.find("${");
    const auto close = written.find('}', std::min(open, written.size()));
    if (open == std::string_view::npos || close == std::string_view::npos || resolved.size() < open) return values;
    written.remove_prefix(close + 1);
    resolved.remove_prefix(open);
    const auto literal = written.substr(0, written.find("${"));
    const auto end = literal.empty() ? resolved.size() : std::min(resolved.find(literal), resolved.size());
    values.emplace_back(resolved.substr(0, end));
    resolved.remove_prefix(end);
  }
}

// A secret's text behind its prefix, as far as it is the same however its base64 is filled up.
std::string unpadded(const std::string& secret) {
  std::string text = base64(secret);
  text.erase(text.find_last_not_of('=') + 1);
  return text;
}

}  // namespace

HookSecrets::HookSecrets(const config::Webhook& webhook) {
  for (const auto& value : references_in(webhook.delivery->hook_url_display, webhook.delivery->hook_url)) add(value);
  for (const auto& [name, value] : webhook.delivery->headers) {
    const std::string& text = value.reveal();
    add(text);
    // "Bearer TOKEN": the token alone too.
    for (std::size_t start = 0; start < text.size();) {
      const auto end = std::min(text.find(' ', start), text.size());
      add(std::string_view(text).substr(start, end - start));
      start = end + 1;
    }
  }
  for (const auto& secret : webhook.delivery->secrets) {
    add(unpadded(secret.reveal()));
    // A private key is also written with its public half behind it.
    if (secret.kind() == SigningKey::Kind::ed25519) add(unpadded(secret.reveal() + ed25519_public(secret.reveal())));
  }
  // The longest first, so that none is cut in pieces by one it holds.
  std::ranges::sort(texts_, std::greater(), &std::string::size);
}

void HookSecrets::add(std::string_view text) {
  if (text.size() >= least_secret_bytes) texts_.emplace_back(text);
}

std::string HookSecrets::without(std::string text) const {
  for (const auto& secret : texts_)
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3))
      text.replace(at, secret.size(), "***");
  for (const auto& secret : texts_)
    for (auto size = std::min(secret.size() - 1, text.size()); size >= least_beginning_bytes; --size)
      if (text.ends_with(std::string_view(secret).substr(0, size))) {
        text.replace(text.size() - size, size, "***");
        break;
      }
  return text;
}

}  // namespace vhookd
