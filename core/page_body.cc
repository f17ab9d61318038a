#include "core/page_body.h"

#include <string_view>

#include "core/crypto.h"

namespace vhookd {

std::string envelope(PageType type, std::string_view webhook_json, std::string_view data, std::uint64_t sequence,
                     const Secret& secret, const std::string& nonce) {
  std::string body;
  body.reserve(webhook_json.size() + data.size() + 256);
  body += R"({"type":")";
  body += name_of(type);
  body += R"(","webhook":)";
  body += webhook_json;
  body += R"(,"data":)";
  body += data;
  body += R"(,"sequence":)";
  body += std::to_string(sequence);
  if (!secret.empty()) {
    body += R"(,"nonce":")";
    body += nonce;
    body += R"(","sig256":")";
    body += hex_lower(hmac_sha256(secret.reveal(), data, nonce));
    body += '"';
  }
  body += '}';
  return body;
}

std::string with_sequence(std::string body, std::uint64_t sequence) {
  // Only nonce and sig256 follow it, and both are hex, so the last match is the envelope's, whatever the records
  // contain.
  constexpr std::string_view name = R"(,"sequence":)";
  const std::size_t at = body.rfind(name);
  if (at == std::string::npos) return body;
  const std::size_t begin = at + name.size();
  const std::size_t end = body.find_first_not_of("0123456789", begin);
  if (end == std::string::npos || end == begin) return body;
  const std::string digits = std::to_string(sequence);
  if (body.compare(begin, end - begin, digits) != 0) body.replace(begin, end - begin, digits);
  return body;
}

}  // namespace vhookd
