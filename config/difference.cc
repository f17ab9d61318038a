#include "config/difference.h"

#include <string_view>
#include <unordered_map>

namespace vhookd::config {

namespace {

// A webhook that only moved within its file counts as unchanged.
bool same(Webhook before, const Webhook& after) {
  before.origin = after.origin;
  return before == after;
}

// Keys whose values are used only at the start: sockets, the state file, the polling threads, the transport.
std::vector<std::string> fixed_at_start(const Config& before, const Config& after) {
  std::vector<std::string> keys;
  const auto compare = [&](const char* key, const auto& a, const auto& b) {
    if (a != b) keys.emplace_back(key);
  };
  compare("state", before.state, after.state);
  compare("api.listen", before.api.listen, after.api.listen);
  compare("api.socket", before.api.socket, after.api.socket);
  compare("api.token", before.api.token, after.api.token);
  compare("log.format", before.log.format, after.log.format);
  compare("limits.polls", before.limits.polls, after.limits.polls);
  compare("limits.deliveries", before.limits.deliveries, after.limits.deliveries);
  return keys;
}

}  // namespace

Difference difference(const Config& before, const Config& after) {
  std::vector<const Webhook*> webhooks;
  webhooks.reserve(before.webhooks.size());
  for (const Webhook& webhook : before.webhooks) webhooks.push_back(&webhook);
  return difference(before, webhooks, after);
}

Difference difference(const Config& before, std::span<const Webhook* const> webhooks_before, const Config& after) {
  std::unordered_map<std::string_view, const Webhook*> old;
  for (const Webhook* webhook : webhooks_before) old.emplace(webhook->id, webhook);
  Difference result;
  for (const Webhook& webhook : after.webhooks) {
    const auto known = old.find(webhook.id);
    if (known == old.end()) {
      result.added.push_back(webhook.id);
      continue;
    }
    if (same(*known->second, webhook)) {
      ++result.unchanged;
    } else {
      result.changed.push_back(webhook.id);
    }
    old.erase(known);
  }
  for (const Webhook* webhook : webhooks_before)
    if (old.contains(webhook->id)) result.removed.push_back(webhook->id);
  result.needs_restart = fixed_at_start(before, after);
  return result;
}

}  // namespace vhookd::config
