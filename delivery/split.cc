#include "delivery/split.h"

#include <string_view>
#include <vector>

#include "core/page_body.h"

namespace vhookd {

namespace {

constexpr std::size_t npos = std::string_view::npos;

// The end of the JSON string that begins at `at`.
std::size_t string_end(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at + 1;
    }
  }
  return npos;
}

// The end of the object or array that begins at `at`. vhookd wrote the text, so it is well-formed.
std::size_t nested_end(std::string_view text, std::size_t at) {
  int depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = string_end(text, at);
      continue;
    }
    ++at;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return at;
  }
  return npos;
}

struct BodyParts {
  std::string_view webhook;
  std::vector<std::string_view> records;
};

std::optional<BodyParts> parts_of(std::string_view body) {
  constexpr std::string_view before_webhook = R"(,"webhook":)";
  constexpr std::string_view before_data = R"(,"data":[)";
  const std::size_t name = body.find(before_webhook);
  if (name == npos) return std::nullopt;
  const std::size_t webhook = name + before_webhook.size();
  const std::size_t webhook_end = nested_end(body, webhook);
  if (webhook_end == npos || !body.substr(webhook_end).starts_with(before_data)) return std::nullopt;
  BodyParts parts{.webhook = body.substr(webhook, webhook_end - webhook), .records = {}};
  std::size_t at = webhook_end + before_data.size();
  while (at < body.size() && body[at] == '{') {
    const std::size_t end = nested_end(body, at);
    if (end == npos) return std::nullopt;
    parts.records.push_back(body.substr(at, end - at));
    at = end + (end < body.size() && body[end] == ',' ? 1 : 0);
  }
  if (!body.substr(std::min(at, body.size())).starts_with(R"(],"sequence":)")) return std::nullopt;
  return parts;
}

}  // namespace

std::optional<Halves> halve(const Page& page, const Secret& secret, const std::function<std::string()>& random_id) {
  const auto parts = parts_of(page.body);
  if (!parts || parts->records.size() < 2) return std::nullopt;
  const std::size_t middle = parts->records.size() / 2;
  const auto make = [&](std::size_t from, std::size_t to, PageType type, std::uint64_t sequence) {
    std::string data = "[";
    for (std::size_t i = from; i < to; ++i) data.append(i == from ? "" : ",").append(parts->records[i]);
    data += ']';
    Page half{.id = "msg_" + random_id(),
              .sequence = sequence,
              .type = type,
              .records = static_cast<int>(to - from),
              .body = {}};
    half.body = envelope(type, parts->webhook, data, sequence, secret, random_id());
    return half;
  };
  const bool last = page.type == PageType::initial_complete;
  return Halves{make(0, middle, last ? PageType::initial_partial : page.type, page.sequence),
                make(middle, parts->records.size(), page.type, page.sequence + 1)};
}

}  // namespace vhookd
