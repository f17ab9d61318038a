#include "daemon/engine/webhook_changes.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "config/difference.h"
#include "core/crash_point.h"
#include "core/crypto.h"
#include "core/text.h"
#include "daemon/engine/definition.h"
#include "daemon/engine/refusals.h"
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

void log_state_failed(const Error& error) {
  log_event(Level::error, "state-failed", {{"error", error.message}});
}

ReloadReport report_of(const config::Difference& difference, const config::Config& loaded) {
  ReloadReport report{.added = difference.added,
                      .removed = difference.removed,
                      .changed = difference.changed,
                      .unchanged = difference.unchanged,
                      .notices = loaded.notices};
  for (const auto& key : difference.needs_restart)
    report.notices.push_back(key + ": changed; takes effect at the next restart");
  return report;
}

// What a reload can change without a restart.
config::Config reloaded(config::Config config, const config::Config& loaded) {
  config.base = loaded.base;
  config.egress = loaded.egress;
  config.limits.outbox_bytes = loaded.limits.outbox_bytes;
  config.limits.kept_bytes = loaded.limits.kept_bytes;
  return config;
}

}  // namespace

// ---- what is registered

// The webhook a definition makes, and what keeps it from running.
WebhookChanges::Stored WebhookChanges::read(config::StoredReader& reader, const config::Config& config,
                                            const std::string& id, const std::string& json) const {
  auto read = reader.read(with_id(json, id));
  read.webhook.id = id;
  if (read.errors.empty())
    if (auto why = literal_refused(read.webhook, config.egress); !why.empty()) read.errors.push_back(std::move(why));
  return {std::make_shared<const config::Webhook>(std::move(read.webhook)), std::move(read.errors)};
}

Result<Registration> WebhookChanges::with_state(std::shared_ptr<const config::Webhook> webhook,
                                                std::optional<ApiDefinition> by_api) {
  const auto version = context_.registry.next_version();
  auto state = context_.store.polls().webhook(webhook->id);
  if (!state) return std::unexpected(state.error());
  if (webhook->checked_at && !state->fingerprint.empty())
    log_event(Level::info, "checked-at-ignored",
              {{"webhook", webhook->id}, {"why", "it says where a new webhook starts, and this one has state"}});
  return Registration{
      .webhook = std::move(webhook), .by_api = std::move(by_api), .state = std::move(*state), .version = version};
}

// What the state holds. One that can't run is kept and shown unhealthy; one whose id stands in the YAML too rests until
// it does no longer.
Result<WebhookChanges::StoredWebhooks> WebhookChanges::read_stored(const config::Config& config,
                                                                   const std::set<std::string>& of_the_yaml) {
  const auto definitions = context_.store.definitions().all();
  if (!definitions) return std::unexpected(definitions.error());
  StoredWebhooks all;
  if (definitions->empty()) return all;
  config::StoredReader reader(config.base, parts_.secrets);
  for (const auto& [id, json] : *definitions) {
    if (of_the_yaml.contains(id)) {
      log_event(Level::warn, "stored-rests", {{"webhook", id}, {"why", "the YAML has a webhook of this id too"}});
      continue;
    }
    const auto stored = read(reader, config, id, json);
    const auto why = joined(stored.errors, "; ");
    all.order.push_back(id);
    const auto known = context_.registry.find(id);
    if (known && known->by_api && why == known->invalid && *stored.webhook == *known->webhook) continue;
    if (!why.empty()) log_event(Level::error, "stored-invalid", {{"webhook", id}, {"error", why}});
    auto registration = with_state(stored.webhook, ApiDefinition{.json = json, .invalid = why});
    if (!registration) return std::unexpected(registration.error());
    all.changed.push_back(std::move(*registration));
  }
  return all;
}

// After it was registered.
void WebhookChanges::take_up(const Registration& registration, bool anew) {
  const auto registered = context_.registry.find(registration.webhook->id);
  if (!registered) return;
  if (anew) context_.health.restore(registration.state);
  parts_.polls.put(*registered, registration.state.checked_at, anew);
}

void WebhookChanges::put(const Registration& registration) {
  const auto& id = registration.webhook->id;
  const bool anew = !context_.registry.contains(id);
  context_.registry.put(registration);
  take_up(registration, anew);
  parts_.deliveries.notify(id);
}

Result<void> WebhookChanges::start(std::vector<config::Webhook> webhooks) {
  const MutexLock one_at_a_time(changing_);
  // Those that are new are made first: an fsync for each would be most of the time it takes to start.
  std::vector<std::string> ids;
  ids.reserve(webhooks.size());
  for (const auto& webhook : webhooks) ids.push_back(webhook.id);
  if (auto made = context_.store.records().make(ids); !made) return made;
  const auto begin = [this](const Registration& registration) {
    context_.registry.put(registration);
    take_up(registration, true);
  };
  for (auto& webhook : webhooks) {
    const auto registration = with_state(std::make_shared<const config::Webhook>(std::move(webhook)), std::nullopt);
    if (!registration) return std::unexpected(registration.error());
    begin(*registration);
  }
  const auto stored = read_stored(context_.registry.config(), {ids.begin(), ids.end()});
  if (!stored) return std::unexpected(stored.error());
  std::ranges::for_each(stored->changed, begin);
  started_ = true;
  context_.metrics.with([this](EngineMetrics& metrics) { metrics.configured_at = context_.clock.now(); });
  return {};
}

// ---- reload

void WebhookChanges::refuse_reload(const config::Errors& errors) {
  context_.metrics.with([](EngineMetrics& metrics) {
    ++metrics.reloads_refused;
    metrics.last_reload_good = false;
  });
  log_event(Level::error, "reload-refused", {{"errors", std::to_string(errors.size())}, {"first", errors.front()}});
}

// One whose state can't be read stays as it was.
std::vector<Registration> WebhookChanges::read_changed(const config::Config& loaded,
                                                       const std::vector<std::string>& added,
                                                       const std::vector<std::string>& changed) {
  if (auto made = context_.store.records().make(added); !made) log_state_failed(made.error());  // of each, see below
  const std::set<std::string> added_ids(added.begin(), added.end());
  const std::set<std::string> changed_ids(changed.begin(), changed.end());
  std::vector<Registration> registrations;
  for (const auto& webhook : loaded.webhooks) {
    const bool is_added = added_ids.contains(webhook.id);
    if (!is_added && !changed_ids.contains(webhook.id)) continue;
    auto registration = with_state(std::make_shared<const config::Webhook>(webhook), std::nullopt);
    Result<void> done = registration ? Result<void>() : std::unexpected(registration.error());
    if (done && !is_added) done = context_.store.records().touch(webhook.id);
    if (!done) log_event(Level::error, "state-failed", {{"webhook", webhook.id}, {"error", done.error().message}});
    if (registration) registrations.push_back(std::move(*registration));
    crash_point(CrashPoint::mid_reload);
  }
  return registrations;
}

Answer<ReloadReport> WebhookChanges::reload() {
  const MutexLock one_at_a_time(changing_);
  auto loaded = parts_.load();
  if (!loaded) {
    refuse_reload(loaded.error());
    return std::unexpected(Refusal{.why = Refusal::Why::invalid, .messages = loaded.error()});
  }
  auto& registry = context_.registry;
  const auto before = registry.config();
  const auto running = registry.of_the_yaml();
  std::vector<const config::Webhook*> running_ones;
  for (const auto& webhook : running) running_ones.push_back(webhook.get());
  const auto difference = config::difference(before, running_ones, *loaded);

  // Everything is read and written first; then all of it takes effect in one step.
  const auto after = reloaded(before, *loaded);
  auto put = read_changed(*loaded, difference.added, difference.changed);
  std::vector<std::string> order;
  for (const auto& webhook : loaded->webhooks) order.push_back(webhook.id);
  auto stored = read_stored(after, {order.begin(), order.end()});
  if (stored) {
    std::ranges::move(stored->changed, std::back_inserter(put));
    std::ranges::move(stored->order, std::back_inserter(order));
  } else {
    log_state_failed(stored.error());
    const std::set<std::string> listed(order.begin(), order.end());
    for (auto& id : registry.ids())
      if (!registry.definition(id).empty() && !listed.contains(id)) order.push_back(std::move(id));
  }
  const std::set<std::string> removed(difference.removed.begin(), difference.removed.end());
  std::vector<bool> anew;
  for (const auto& registration : put) {
    const auto known = registry.find(registration.webhook->id);
    anew.push_back(!known || removed.contains(known->webhook->id) || known->by_api != registration.by_api.has_value());
  }
  registry.replace(difference.removed, put, std::move(order), after);
  parts_.transport.set_egress(after.egress);
  set_log_level(loaded->log.level);

  for (const auto& id : difference.removed) {
    parts_.polls.remove(id);
    context_.health.forget(id);
    parts_.recorder.forget(id);
  }
  for (std::size_t i = 0; i < put.size(); ++i) {
    take_up(put[i], anew[i]);
    parts_.deliveries.notify(put[i].webhook->id);
  }
  context_.metrics.with([&](EngineMetrics& metrics) {
    ++metrics.reloads;
    metrics.last_reload_good = true;
    metrics.configured_at = context_.clock.now();
  });
  auto report = report_of(difference, *loaded);
  log_event(Level::info, "reloaded",
            {{"added", std::to_string(report.added.size())},
             {"removed", std::to_string(report.removed.size())},
             {"changed", std::to_string(report.changed.size())},
             {"unchanged", std::to_string(report.unchanged)}});
  return report;
}

// ---- through the API

Answer<WebhookStatus> WebhookChanges::create(const std::string& body, std::optional<bool> include_all) {
  const MutexLock one_at_a_time(changing_);
  auto defined = new_definition(body, include_all);
  if (!defined) return not_valid(std::move(defined.error()));
  const std::string id = defined->id.empty() ? "wh-" + random_id().substr(0, 20) : defined->id;
  if (defined->json.size() > largest_definition) return not_valid({"the webhook is larger than 64 KiB"});
  if (!started_) return refuse(Refusal::Why::conflict, "the daemon is starting; try again in a moment");
  if (context_.registry.contains(id)) return refuse(Refusal::Why::conflict, "there is a webhook " + id + " already");
  if (context_.registry.made_by_api() >= most_stored)
    return refuse(Refusal::Why::conflict,
                  "there are " + std::to_string(most_stored) + " webhooks kept in state; remove some");
  const auto config = context_.registry.config();
  config::StoredReader reader(config.base, parts_.secrets);
  auto stored = read(reader, config, id, defined->json);
  if (!stored.errors.empty()) return not_valid(std::move(stored.errors));
  // Paused before it is known, so that it is never polled in between.
  Result<void> kept;
  if (defined->paused.value_or(false)) kept = context_.store.records().set_paused(id, true, "by the operator");
  if (kept) kept = context_.store.definitions().define(id, defined->json);
  if (!kept) return failed(kept.error());
  const auto registration = with_state(stored.webhook, ApiDefinition{.json = defined->json, .invalid = ""});
  if (!registration) return failed(registration.error());
  put(*registration);
  log_event(Level::info, "webhook-created", {{"webhook", id}});
  return parts_.reports.get(id);
}

Answer<void> WebhookChanges::redefine(const std::string& id, const std::string& json) {
  const auto config = context_.registry.config();
  config::StoredReader reader(config.base, parts_.secrets);
  auto stored = read(reader, config, id, json);
  if (!stored.errors.empty()) return not_valid(std::move(stored.errors));
  if (auto kept = context_.store.definitions().define(id, json); !kept) return failed(kept.error());
  const auto registration = with_state(stored.webhook, ApiDefinition{.json = json, .invalid = ""});
  if (!registration) return failed(registration.error());
  put(*registration);
  log_event(Level::info, "webhook-changed", {{"webhook", id}});
  return {};
}

Answer<WebhookStatus> WebhookChanges::change(const std::string& id, const std::string& body) {
  const MutexLock one_at_a_time(changing_);
  const auto status = parts_.reports.get(id);
  if (!status) return status;
  if (!status->by_api) return refuse(Refusal::Why::conflict, id + " stands in the YAML; change it there and reload");
  const auto definition = context_.registry.definition(id);
  auto defined = changed_definition(definition, webhook_json(*status), body);
  if (!defined) return not_valid(std::move(defined.error()));
  if (defined->json.size() > largest_definition) return not_valid({"the webhook is larger than 64 KiB"});
  if (defined->json != definition)
    if (auto changed = redefine(id, defined->json); !changed) return std::unexpected(changed.error());
  if (defined->paused && *defined->paused != status->paused)
    if (auto changed = pause(id, *defined->paused); !changed) return std::unexpected(changed.error());
  return parts_.reports.get(id);
}

Answer<WebhookStatus> WebhookChanges::remove(const std::string& id) {
  const MutexLock one_at_a_time(changing_);
  auto status = parts_.reports.get(id);
  if (!status) return status;
  if (!status->by_api)
    return refuse(Refusal::Why::conflict,
                  id + " stands in the YAML (" + status->webhook.origin.text() + "); take it out there and reload");
  context_.registry.remove(id);
  parts_.polls.remove(id);
  parts_.polls.wait_until_idle(id, poll_patience);
  context_.health.forget(id);
  parts_.recorder.forget(id);
  if (auto forgotten = context_.store.records().forget(id); !forgotten) return failed(forgotten.error());
  log_event(Level::info, "webhook-removed", {{"webhook", id}});
  return status;
}

// ---- pauses

Answer<void> WebhookChanges::pause(const std::string& id, bool paused) {
  const auto registered = context_.registry.find(id);
  if (!registered) return unknown_webhook(id);
  const auto before = context_.store.polls().webhook(id);
  if (!before) return failed(before.error());
  const auto& webhook = *registered->webhook;
  if (!paused && webhook.is_paused)
    return refuse(Refusal::Why::conflict, id + ": is_paused: true stands in the configuration (" +
                                              webhook.origin.text() + "); change it there and reload");
  if (auto stored = context_.store.records().set_paused(id, paused, paused ? "by the operator" : ""); !stored)
    return failed(stored.error());
  if (const auto now = context_.registry.refresh(id))
    parts_.polls.update(now->webhook, !paused && before->paused_because.starts_with("held: "));
  log_event(Level::info, paused ? "paused" : "resumed", {{"webhook", id}});
  if (!paused) parts_.deliveries.notify(id);
  return {};
}

Answer<WebhookStatus> WebhookChanges::set_paused(const std::string& id, bool paused) {
  const MutexLock one_at_a_time(changing_);
  if (auto done = pause(id, paused); !done) return std::unexpected(done.error());
  return parts_.reports.get(id);
}

}  // namespace vhookd
