// What Engine answers to Control: trigger, pause, resume, reload, dead pages.
#include <algorithm>

#include "config/difference.h"
#include "core/crash_point.h"
#include "daemon/engine/engine.h"
#include "daemon/output/log.h"
#include "delivery/egress.h"

namespace vhookd {

namespace {

constexpr auto trigger_patience = std::chrono::minutes(10);

std::unexpected<Refusal> refuse(Refusal::Why why, std::string message) {
  return std::unexpected(Refusal{.why = why, .messages = {std::move(message)}});
}

std::unexpected<Refusal> unknown(const std::string& id) {
  return refuse(Refusal::Why::not_found, "there is no webhook " + id);
}

std::unexpected<Refusal> failed(const Error& error) {
  return refuse(Refusal::Why::failed, error.message);
}

}  // namespace

Control Engine::control() {
  return {
      .each = [this](std::size_t from, std::size_t most, const Visit& visit) { return each(from, most, visit); },
      .counts = [this] { return counts(); },
      .get = [this](const std::string& id) { return status_of(id); },
      .trigger = [this](const std::string& id) { return trigger(id); },
      .pause = [this](const std::string& id) { return set_paused(id, true); },
      .resume = [this](const std::string& id) { return set_paused(id, false); },
      .create = [this](const std::string& body, std::optional<bool> include_all) { return create(body, include_all); },
      .change = [this](const std::string& id, const std::string& body) { return change(id, body); },
      .remove = [this](const std::string& id) { return remove(id); },
      .reload = [this] { return reload(); },
      .dead = [this](const std::string& id) { return dead(id); },
      .replay = [this](const std::string& id, const ReplayRange& range,
                       const ReplayTo& to) { return replay(id, range, to); },
      .drop_dead = [this](const std::string& id, const std::string& page) { return drop_dead(id, page); },
      .explain = [this](const std::string& id, bool json) { return explain(id, json); },
      .not_ready = [this] { return not_ready(); },
      .alive = [this] { return alive(); },
      .metrics = [this] { return metrics(); }};
}

Answer<Run> Engine::trigger(const std::string& id) {
  MutexLock lock(mutex_);
  const auto at = entries_.find(id);
  if (at == entries_.end()) return unknown(id);
  if (at->second.paused || at->second.webhook->is_paused)
    return refuse(Refusal::Why::conflict, id + " is paused; resume it first");
  if (!at->second.api_made->invalid.empty())
    return refuse(Refusal::Why::conflict, id + " can't run: " + at->second.api_made->invalid);
  const auto target = at->second.runs_begun + 1;
  timetable_.reached(id);  // asked for by a person: a back-off does not count
  timetable_.hurry(id, parts_.clock.tick());
  at->second.asked = true;
  due_.notify_one();
  const auto ended = [&]() REQUIRES(mutex_) {
    const auto entry = entries_.find(id);
    return stopping_ || entry == entries_.end() || entry->second.runs_ended >= target;
  };
  ++at->second.awaited;
  const bool in_time = ended_.wait_for(lock, trigger_patience, ended);
  const auto entry = entries_.find(id);
  std::optional<Run> run;
  if (entry != entries_.end()) {
    if (entry->second.last_run) run = *entry->second.last_run;
    // It may be another by now, of the same name.
    int& awaited = entry->second.awaited;
    if (awaited > 0) --awaited;
    if (awaited == 0) entry->second.last_run.reset();
  }
  if (!in_time)
    return refuse(Refusal::Why::failed, "the poll of " + id + " has not ended yet; see `vhookd runs " + id + "`");
  if (stopping_ || !run) return refuse(Refusal::Why::failed, "the daemon is stopping or " + id + " was removed");
  return *run;
}

Answer<WebhookStatus> Engine::set_paused(const std::string& id, bool paused) {
  {
    const MutexLock lock(mutex_);
    const auto at = entries_.find(id);
    if (at == entries_.end()) return unknown(id);
    const auto before = parts_.store.polls().webhook(id);
    if (!before) return failed(before.error());
    Entry& entry = at->second;
    if (!paused && entry.webhook->is_paused)
      return refuse(Refusal::Why::conflict, id + ": is_paused: true stands in the configuration (" +
                                                entry.webhook->origin.text() + "); change it there and reload");
    if (auto stored = parts_.store.records().set_paused(id, paused, paused ? "by the operator" : ""); !stored)
      return failed(stored.error());
    entry.paused = paused;
    if (paused) {
      timetable_.remove(id);
    } else if (entry.api_made->invalid.empty()) {
      entry.release = before->paused_because.starts_with("held: ");
      timetable_.add(id, SessionPool::place_of(entry.webhook->database), entry.webhook->interval, parts_.clock.tick());
      entry.since = parts_.clock.tick();
    }
    due_.notify_one();
    ended_.notify_all();
  }
  log_event(Level::info, paused ? "paused" : "resumed", {{"webhook", id}});
  if (!paused) dispatcher_.notify(id);
  return status_of(id);
}

// Those that stand in the YAML, as they run, in its order.
std::vector<const config::Webhook*> Engine::of_the_yaml() const {
  std::vector<const config::Webhook*> webhooks;
  webhooks.reserve(order_.size());
  for (const auto& id : order_) {
    const auto at = entries_.find(id);
    if (at != entries_.end() && at->second.webhook && !at->second.by_api) webhooks.push_back(at->second.webhook.get());
  }
  return webhooks;
}

Answer<ReloadReport> Engine::reload() {
  const MutexLock one_at_a_time(reload_mutex_);
  auto loaded = parts_.load();
  if (!loaded) {
    metrics_.with([](EngineMetrics& metrics) {
      ++metrics.reloads_refused;
      metrics.last_reload_good = false;
    });
    log_event(Level::error, "reload-refused",
              {{"errors", std::to_string(loaded.error().size())}, {"first", loaded.error().front()}});
    return std::unexpected(Refusal{.why = Refusal::Why::invalid, .messages = loaded.error()});
  }
  MutexLock lock(mutex_);
  const auto difference = config::difference(config_, of_the_yaml(), *loaded);
  ReloadReport report{.added = difference.added,
                      .removed = difference.removed,
                      .changed = difference.changed,
                      .unchanged = difference.unchanged,
                      .notices = loaded->notices};
  for (const auto& key : difference.needs_restart)
    report.notices.push_back(key + ": changed; takes effect at the next restart");
  for (const auto& id : difference.removed) {
    timetable_.remove(id);
    entries_.erase(id);
  }
  if (auto made = parts_.store.records().make(difference.added); !made)  // adopt() will say what is wrong, of each
    log_event(Level::error, "state-failed", {{"error", made.error().message}});
  const std::set<std::string> added_ids(difference.added.begin(), difference.added.end());
  const std::set<std::string> changed_ids(difference.changed.begin(), difference.changed.end());
  order_.clear();
  for (const auto& webhook : loaded->webhooks) {
    order_.push_back(webhook.id);
    const bool added = added_ids.contains(webhook.id);
    if (!added && !changed_ids.contains(webhook.id)) continue;
    timetable_.remove(webhook.id);
    if (const auto at = entries_.find(webhook.id); at != entries_.end() && at->second.by_api) entries_.erase(at);
    auto adopted = adopt(std::make_shared<const config::Webhook>(webhook));
    if (adopted && !added) adopted = parts_.store.records().touch(webhook.id);
    if (!adopted)
      log_event(Level::error, "state-failed", {{"webhook", webhook.id}, {"error", adopted.error().message}});
    timetable_.hurry(webhook.id, parts_.clock.tick());
    dispatcher_.notify(webhook.id);
    crash_point(CrashPoint::mid_reload);
  }
  // Where webhooks are listed follows the file; what adopt() appended is there already.
  order_.clear();
  for (const auto& webhook : loaded->webhooks) order_.push_back(webhook.id);
  config_.base = loaded->base;
  config_.egress = loaded->egress;
  parts_.transport.set_egress(config_.egress);
  if (auto adopted = adopt_stored(); !adopted)
    log_event(Level::error, "state-failed", {{"error", adopted.error().message}});
  config_.limits.outbox_bytes = loaded->limits.outbox_bytes;
  config_.limits.kept_bytes = loaded->limits.kept_bytes;
  set_log_level(loaded->log.level);
  due_.notify_one();
  ended_.notify_all();
  lock.unlock();
  metrics_.with([&](EngineMetrics& metrics) {
    ++metrics.reloads;
    metrics.last_reload_good = true;
    metrics.configured_at = parts_.clock.now();
  });
  log_event(Level::info, "reloaded",
            {{"added", std::to_string(report.added.size())},
             {"removed", std::to_string(report.removed.size())},
             {"changed", std::to_string(report.changed.size())},
             {"unchanged", std::to_string(report.unchanged)}});
  return report;
}

Answer<std::vector<DeadPage>> Engine::dead(const std::string& id) {
  {
    const MutexLock lock(mutex_);
    if (!entries_.contains(id)) return unknown(id);
  }
  auto pages = parts_.store.outbox().dead(id);
  if (!pages) return failed(pages.error());
  return std::move(*pages);
}

Answer<Selected> Engine::replay(const std::string& id, const ReplayRange& range, const ReplayTo& to) {
  {
    const MutexLock lock(mutex_);
    if (!entries_.contains(id)) return unknown(id);
    const auto why = to.by_operator ? std::nullopt : EgressRules(config_.egress).refusal_of_literal(to.url);
    if (why) return refuse(Refusal::Why::invalid, "url: " + *why);
  }
  const auto selected = parts_.store.replays().request(id, range, to.url);
  if (!selected) return failed(selected.error());
  if (selected->revived + selected->queued + selected->waiting == 0) return *selected;
  log_event(Level::info, "replay-asked",
            {{"webhook", id},
             {"revived", std::to_string(selected->revived)},
             {"queued", std::to_string(selected->queued)},
             {"elsewhere", to.url.empty() ? "false" : "true"}});
  {
    const MutexLock lock(mutex_);
    const auto state = parts_.store.polls().webhook(id);
    if (const auto at = entries_.find(id); at != entries_.end() && state)
      at->second.holding_pages = state->holding_pages;
  }
  dispatcher_.notify(id);
  return *selected;
}

Answer<DeadPage> Engine::drop_dead(const std::string& id, const std::string& page) {
  const auto pages = dead(id);
  if (!pages) return std::unexpected(pages.error());
  const auto at = std::ranges::find(*pages, page, [](const DeadPage& dead) { return dead.page.id; });
  if (at == pages->end()) return refuse(Refusal::Why::not_found, id + " has no dead page " + page);
  if (auto dropped = parts_.store.outbox().drop_dead(id, page); !dropped) return failed(dropped.error());
  log_event(Level::warn, "dead-dropped",
            {{"webhook", id}, {"sequence", std::to_string(at->page.sequence)}, {"page", page}});
  dead_changed(id);
  dispatcher_.notify(id);
  return *at;
}

bool Engine::alive() {
  // The delivery loop takes a turn at least once a second; a store that answers slowly may hold it up for a while. A
  // poll worker gets on with each question to a database, and those end with ConnectOptions::statement_timeout; one
  // that has nothing to do looks up once a minute. So all of them standing still for twice that long is no slow
  // database.
  const Tick now = parts_.clock.tick();
  return !stopping_ && now - dispatcher_.last_turn() < std::chrono::minutes(1) &&
         now - poll_step_.load() < 2 * parts_.connect_options.statement_timeout;
}

}  // namespace vhookd
