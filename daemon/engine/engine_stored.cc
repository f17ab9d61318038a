// What Engine does with webhooks made through the API: they are kept in state and run beside those of the YAML.
#include <algorithm>

#include "config/stored.h"
#include "core/crypto.h"
#include "daemon/engine/definition.h"
#include "daemon/engine/engine.h"
#include "daemon/engine/webhook_json.h"
#include "daemon/output/log.h"
#include "delivery/egress.h"

namespace vhookd {

namespace {

// Bounds what whoever holds the token can make this process hold and poll.
constexpr std::size_t most_stored = 10'000;
constexpr std::size_t largest_definition = 64 << 10;
// A poll that is under way when its webhook is removed has long read its state by then, and so can't bring it back.
constexpr auto poll_patience = std::chrono::seconds(10);

std::unexpected<Refusal> refuse(Refusal::Why why, std::string message) {
  return std::unexpected(Refusal{.why = why, .messages = {std::move(message)}});
}

std::unexpected<Refusal> failed(const Error& error) {
  return refuse(Refusal::Why::failed, error.message);
}

std::unexpected<Refusal> not_valid(std::vector<std::string> errors) {
  std::vector<std::string> messages = {"the webhook is not valid"};
  std::ranges::move(errors, std::back_inserter(messages));
  return std::unexpected(Refusal{.why = Refusal::Why::invalid, .messages = std::move(messages)});
}

// An address that stands in the YAML is the operator's own permission to send there; one that came through the API is
// not, and needs egress.allow as a name would. Empty: it may be sent to, or is no literal and is judged when dialled.
std::string literal_refused(const config::Webhook& webhook, const config::Egress& egress) {
  const auto why = EgressRules(egress).refusal_of_literal(webhook.delivery->hook_url);
  return why ? "webhook.hook_url: " + *why : "";
}

std::string all_of(const std::vector<std::string>& errors) {
  std::string text;
  for (const auto& error : errors) text += (text.empty() ? "" : "; ") + error;
  return text;
}

}  // namespace

// The webhook a definition makes, and what keeps it from running.
Engine::Stored Engine::read_stored(config::StoredReader& reader, const std::string& id, const std::string& json) const {
  auto read = reader.read(with_id(json, id));
  read.webhook.id = id;
  if (read.errors.empty())
    if (auto why = literal_refused(read.webhook, config_.egress); !why.empty()) read.errors.push_back(std::move(why));
  return {std::make_shared<const config::Webhook>(std::move(read.webhook)), std::move(read.errors)};
}

// Takes up what the state holds, at the start and after each reload. One that can't run is kept and shown unhealthy;
// one whose id stands in the YAML too rests until it does no longer.
Result<void> Engine::adopt_stored() {
  const auto definitions = parts_.store.definitions().all();
  if (!definitions) return std::unexpected(definitions.error());
  config::StoredReader reader(config_.base, parts_.secrets);
  for (const auto& [id, json] : *definitions) {
    const auto known = entries_.find(id);
    const bool here = known != entries_.end();
    if (here && !known->second.by_api) {
      log_event(Level::warn, "stored-rests", {{"webhook", id}, {"why", "the YAML has a webhook of this id too"}});
      continue;
    }
    const auto stored = read_stored(reader, id, json);
    const auto why = all_of(stored.errors);
    if (here && why == known->second.api_made->invalid && *stored.webhook == *known->second.webhook) {
      order_.push_back(id);
      continue;
    }
    if (!why.empty()) log_event(Level::error, "stored-invalid", {{"webhook", id}, {"error", why}});
    if (auto adopted = adopt_one_stored(stored, json); !adopted) return adopted;
    if (here) order_.push_back(id);
  }
  return {};
}

Result<void> Engine::adopt_one_stored(const Stored& stored, const std::string& json) {
  const auto& id = stored.webhook->id;
  timetable_.remove(id);
  Entry& entry = entries_[id];
  const bool fresh = !entry.webhook;
  entry.by_api = true;
  entry.api_made.edit().definition = json;
  entry.api_made.edit().invalid = all_of(stored.errors);
  auto adopted = adopt(stored.webhook);
  if (!adopted && fresh) entries_.erase(id);
  if (adopted) timetable_.hurry(id, parts_.clock.tick());
  dispatcher_.notify(id);
  due_.notify_one();
  return adopted;
}

Answer<WebhookStatus> Engine::create(const std::string& body, std::optional<bool> include_all) {
  const MutexLock one_at_a_time(reload_mutex_);
  auto defined = new_definition(body, include_all);
  if (!defined) return not_valid(std::move(defined.error()));
  const std::string id = defined->id.empty() ? "wh-" + random_id().substr(0, 20) : defined->id;
  if (defined->json.size() > largest_definition) return not_valid({"the webhook is larger than 64 KiB"});
  {
    const MutexLock lock(mutex_);
    if (!started_) return refuse(Refusal::Why::conflict, "the daemon is starting; try again in a moment");
    if (entries_.contains(id)) return refuse(Refusal::Why::conflict, "there is a webhook " + id + " already");
    const auto stored_ones = std::ranges::count_if(entries_, [](const auto& at) { return at.second.by_api; });
    if (static_cast<std::size_t>(stored_ones) >= most_stored)
      return refuse(Refusal::Why::conflict,
                    "there are " + std::to_string(most_stored) + " webhooks kept in state; remove some");
    config::StoredReader reader(config_.base, parts_.secrets);
    auto stored = read_stored(reader, id, defined->json);
    if (!stored.errors.empty()) return not_valid(std::move(stored.errors));
    // Paused before it is known, so that it is never polled in between.
    auto kept = defined->paused.value_or(false) ? parts_.store.records().set_paused(id, true, "by the operator")
                                                : Result<void>();
    if (kept) kept = parts_.store.definitions().define(id, defined->json);
    if (kept) kept = adopt_one_stored(stored, defined->json);
    if (!kept) return failed(kept.error());
  }
  log_event(Level::info, "webhook-created", {{"webhook", id}});
  return status_of(id);
}

Answer<WebhookStatus> Engine::change(const std::string& id, const std::string& body) {
  const MutexLock one_at_a_time(reload_mutex_);
  const auto status = status_of(id);
  if (!status) return status;
  std::optional<bool> paused;
  {
    const MutexLock lock(mutex_);
    Entry& entry = entries_.at(id);  // only who holds reload_mutex_ takes one out
    if (!entry.by_api) return refuse(Refusal::Why::conflict, id + " stands in the YAML; change it there and reload");
    auto defined = changed_definition(entry.api_made->definition, webhook_json(*status), body);
    if (!defined) return not_valid(std::move(defined.error()));
    if (defined->json.size() > largest_definition) return not_valid({"the webhook is larger than 64 KiB"});
    paused = defined->paused;
    if (defined->json != entry.api_made->definition) {
      config::StoredReader reader(config_.base, parts_.secrets);
      auto stored = read_stored(reader, id, defined->json);
      if (!stored.errors.empty()) return not_valid(std::move(stored.errors));
      auto kept = parts_.store.definitions().define(id, defined->json);
      if (kept) kept = adopt_one_stored(stored, defined->json);
      if (!kept) return failed(kept.error());
      log_event(Level::info, "webhook-changed", {{"webhook", id}});
    }
  }
  if (paused && *paused != status->paused) return set_paused(id, *paused);
  return status_of(id);
}

Answer<WebhookStatus> Engine::remove(const std::string& id) {
  const MutexLock one_at_a_time(reload_mutex_);
  auto status = status_of(id);
  if (!status) return status;
  MutexLock lock(mutex_);
  const auto entry = entries_.find(id);
  if (!entry->second.by_api)
    return refuse(Refusal::Why::conflict, id + " stands in the YAML (" + entry->second.webhook->origin.text() +
                                              "); take it out there and reload");
  entries_.erase(entry);
  std::erase(order_, id);
  timetable_.remove(id);
  ended_.notify_all();
  ended_.wait_for(lock, poll_patience, [&]() REQUIRES(mutex_) { return stopping_ || !timetable_.under_way(id); });
  lock.unlock();
  if (auto forgotten = parts_.store.records().forget(id); !forgotten) return failed(forgotten.error());
  log_event(Level::info, "webhook-removed", {{"webhook", id}});
  return status;
}

}  // namespace vhookd
