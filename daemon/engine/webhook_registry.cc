#include "daemon/engine/webhook_registry.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

namespace vhookd {

RegisteredWebhook WebhookRegistry::registered(const Entry& entry) {
  return {.webhook = entry.webhook,
          .by_api = entry.by_api,
          .invalid = entry.definition->invalid,
          .paused_in_state = entry.paused_in_state,
          .holding_pages = entry.holding_pages,
          .version = entry.version};
}

std::optional<RegisteredWebhook> WebhookRegistry::find(const std::string& id) const {
  const MutexLock lock(mutex_);
  const auto at = entries_.find(id);
  if (at == entries_.end()) return std::nullopt;
  return registered(at->second);
}

bool WebhookRegistry::contains(const std::string& id) const {
  const MutexLock lock(mutex_);
  return entries_.contains(id);
}

std::vector<std::string> WebhookRegistry::ids(std::size_t from, std::size_t most) const {
  const MutexLock lock(mutex_);
  from = std::min(from, order_.size());
  const auto part = std::span(order_).subspan(from, std::min(most, order_.size() - from));
  return {part.begin(), part.end()};
}

std::vector<std::string> WebhookRegistry::ids() const {
  return ids(0, std::numeric_limits<std::size_t>::max());
}

std::size_t WebhookRegistry::size() const {
  const MutexLock lock(mutex_);
  return order_.size();
}

std::size_t WebhookRegistry::made_by_api() const {
  const MutexLock lock(mutex_);
  return static_cast<std::size_t>(std::ranges::count_if(entries_, [](const auto& at) { return at.second.by_api; }));
}

std::string WebhookRegistry::definition(const std::string& id) const {
  const MutexLock lock(mutex_);
  const auto at = entries_.find(id);
  return at == entries_.end() ? std::string() : at->second.definition->json;
}

std::vector<std::shared_ptr<const config::Webhook>> WebhookRegistry::of_the_yaml() const {
  const MutexLock lock(mutex_);
  std::vector<std::shared_ptr<const config::Webhook>> webhooks;
  webhooks.reserve(order_.size());
  for (const auto& id : order_)
    if (const auto& entry = entries_.at(id); !entry.by_api) webhooks.push_back(entry.webhook);
  return webhooks;
}

config::Config WebhookRegistry::config() const {
  const MutexLock lock(mutex_);
  return config_;
}

config::Limits WebhookRegistry::limits() const {
  const MutexLock lock(mutex_);
  return config_.limits;
}

std::uint64_t WebhookRegistry::next_version() {
  const MutexLock lock(mutex_);
  return ++version_;
}

void WebhookRegistry::put_locked(const Registration& registration) {
  assert(registration.webhook && registration.version > 0);
  auto [at, fresh] = entries_.try_emplace(registration.webhook->id);
  Entry& entry = at->second;
  // What was read from the state since is newer.
  if (entry.version < registration.version) {
    entry.paused_in_state = registration.state.paused;
    entry.holding_pages = registration.state.holding_pages;
  }
  entry.webhook = registration.webhook;
  entry.version = ++version_;
  entry.by_api = registration.by_api.has_value();
  entry.definition.edit() = registration.by_api.value_or(ApiDefinition{});
  entry.definition.settle();
}

void WebhookRegistry::put(const Registration& registration) {
  const MutexLock lock(mutex_);
  if (!entries_.contains(registration.webhook->id)) order_.push_back(registration.webhook->id);
  put_locked(registration);
}

void WebhookRegistry::remove(const std::string& id) {
  const MutexLock lock(mutex_);
  entries_.erase(id);
  std::erase(order_, id);
}

void WebhookRegistry::replace(std::span<const std::string> removed, std::span<const Registration> put,
                              std::vector<std::string> order, config::Config config) {
  const MutexLock lock(mutex_);
  for (const auto& id : removed) entries_.erase(id);
  for (const auto& registration : put) put_locked(registration);
  // One whose state could not be read was not put: the next reload finds it new.
  std::erase_if(order, [this](const std::string& id) REQUIRES(mutex_) { return !entries_.contains(id); });
  assert(order.size() == entries_.size());
  order_ = std::move(order);
  config_ = std::move(config);
}

std::optional<WebhookRegistry::Refreshed> WebhookRegistry::refresh(const std::string& id) {
  std::uint64_t version = 0;
  {
    const MutexLock lock(mutex_);
    if (!entries_.contains(id)) return std::nullopt;
    version = ++version_;
  }
  auto states = records_.list(std::span(&id, 1));
  if (!states || states->empty()) return std::nullopt;
  const MutexLock lock(mutex_);
  const auto at = entries_.find(id);
  if (at == entries_.end()) return std::nullopt;
  if (at->second.version < version) {
    at->second.version = version;
    at->second.paused_in_state = states->front().paused;
    at->second.holding_pages = states->front().holding_pages;
  }
  return Refreshed{.webhook = registered(at->second), .state = std::move(states->front())};
}

std::optional<RegisteredWebhook> WebhookRegistry::assume_paused(const std::string& id) {
  const MutexLock lock(mutex_);
  const auto at = entries_.find(id);
  if (at == entries_.end()) return std::nullopt;
  at->second.paused_in_state = true;
  at->second.version = ++version_;
  return registered(at->second);
}

}  // namespace vhookd
