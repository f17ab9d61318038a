// What Engine answers to Control: status, trigger, pause, resume, reload, dead pages.
#include <algorithm>

#include "config/difference.h"
#include "daemon/engine.h"
#include "daemon/log.h"

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
  return {.list = [this] { return list(); },
          .get = [this](const std::string& id) { return status_of(id); },
          .trigger = [this](const std::string& id) { return trigger(id); },
          .pause = [this](const std::string& id) { return set_paused(id, true); },
          .resume = [this](const std::string& id) { return set_paused(id, false); },
          .reload = [this] { return reload(); },
          .dead = [this](const std::string& id) { return dead(id); },
          .replay = [this](const std::string& id, const ReplayRange& range,
                           const std::string& url) { return replay(id, range, url); },
          .drop_dead = [this](const std::string& id, const std::string& page) { return drop_dead(id, page); },
          .not_ready = [this] { return not_ready(); },
          .alive = [this] { return alive(); }};
}

Answer<WebhookStatus> Engine::status_of(const std::string& id) {
  WebhookStatus status;
  const Instant now = parts_.clock.now();
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(id);
  if (at == entries_.end()) return unknown(id);  // asked first: the store makes a row for every id it is asked for
  auto state = parts_.store.webhook(id);
  if (!state) return failed(state.error());
  const Entry& entry = at->second;
  status.webhook = *entry.webhook;
  status.state = std::move(*state);
  status.paused = entry.paused || entry.webhook->is_paused;
  status.healthy = entry.shown_healthy;
  status.last_error = entry.shown_error;
  status.strategy = entry.strategy;
  if (!status.paused) {
    const auto due = timetable_.due(id);
    if (due) status.next_check_at = now + std::max<Micros>(Micros(0), *due - parts_.clock.tick());
    const auto outage = outages_.find(Sessions::place_of(entry.webhook->database));
    if (outage != outages_.end() && outage->second.failed_in_a_row >= 2 && due && *due <= parts_.clock.tick()) {
      status.healthy = false;
      if (status.last_error.empty()) status.last_error = outage->second.error;
    }
    if (const auto why = stale(status.state.checked_at, entry.since, entry.webhook->interval, now)) {
      status.healthy = false;
      const auto& cause = !entry.polls.last_error.empty() ? entry.polls.last_error : status.last_error;
      status.last_error =
          cause.empty() ? *why + (entry.outbox_full ? "; the outbox is full" : "") : *why + "; " + cause;
    }
  }
  if (status.state.checked_at)
    status.lag_seconds = std::max(0.0, std::chrono::duration<double>(now - *status.state.checked_at).count());
  auto runs = parts_.store.runs(id);
  if (!runs) return failed(runs.error());
  for (const auto& run : *runs) status.runs.push_back(describe(run));
  return status;
}

Answer<std::vector<WebhookStatus>> Engine::list() {
  std::vector<std::string> order;
  {
    const std::lock_guard lock(mutex_);
    order = order_;
  }
  std::vector<WebhookStatus> statuses;
  for (const auto& id : order) {
    auto status = status_of(id);
    if (status) {
      statuses.push_back(std::move(*status));
    } else if (status.error().why != Refusal::Why::not_found) {  // a reload may have taken it out meanwhile
      return std::unexpected(status.error());
    }
  }
  return statuses;
}

Answer<Run> Engine::trigger(const std::string& id) {
  std::unique_lock lock(mutex_);
  const auto at = entries_.find(id);
  if (at == entries_.end()) return unknown(id);
  if (at->second.paused || at->second.webhook->is_paused)
    return refuse(Refusal::Why::conflict, id + " is paused; resume it first");
  const auto target = at->second.runs_begun + 1;
  timetable_.reached(id);  // asked for by a person: a back-off does not count
  timetable_.hurry(id, parts_.clock.tick());
  wake_.notify_all();
  const auto ended = [&] {
    const auto entry = entries_.find(id);
    return stopping_ || entry == entries_.end() || entry->second.runs_ended >= target;
  };
  if (!wake_.wait_for(lock, trigger_patience, ended))
    return refuse(Refusal::Why::failed, "the poll of " + id + " has not ended yet; see `vhookd runs " + id + "`");
  const auto entry = entries_.find(id);
  if (stopping_ || entry == entries_.end() || !entry->second.last_run)
    return refuse(Refusal::Why::failed, "the daemon is stopping or " + id + " was removed");
  return *entry->second.last_run;
}

Answer<WebhookStatus> Engine::set_paused(const std::string& id, bool paused) {
  {
    const std::lock_guard lock(mutex_);
    const auto at = entries_.find(id);
    if (at == entries_.end()) return unknown(id);
    const auto before = parts_.store.webhook(id);
    if (!before) return failed(before.error());
    Entry& entry = at->second;
    if (!paused && entry.webhook->is_paused)
      return refuse(Refusal::Why::conflict, id + ": is_paused: true stands in the configuration (" +
                                                entry.webhook->origin + "); change it there and reload");
    if (auto stored = parts_.store.set_paused(id, paused, paused ? "by the operator" : ""); !stored)
      return failed(stored.error());
    entry.paused = paused;
    if (paused) {
      timetable_.remove(id);
    } else {
      entry.release = before->paused_because.starts_with("held: ");
      timetable_.add(id, Sessions::place_of(entry.webhook->database), entry.webhook->interval, parts_.clock.tick());
      entry.since = parts_.clock.now();
    }
    wake_.notify_all();
  }
  log_event(Level::info, paused ? "paused" : "resumed", {{"webhook", id}});
  if (!paused) dispatcher_.notify(id);
  return status_of(id);
}

Answer<ReloadReport> Engine::reload() {
  const std::lock_guard one_at_a_time(reload_mutex_);
  auto loaded = parts_.load();
  if (!loaded) {
    log_event(Level::error, "reload-refused",
              {{"errors", std::to_string(loaded.error().size())}, {"first", loaded.error().front()}});
    return std::unexpected(Refusal{.why = Refusal::Why::invalid, .messages = loaded.error()});
  }
  std::unique_lock lock(mutex_);
  const auto difference = config::difference(config_, *loaded);
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
  const auto is = [](const std::vector<std::string>& ids, const std::string& id) {
    return std::ranges::find(ids, id) != ids.end();
  };
  order_.clear();
  for (const auto& webhook : loaded->webhooks) {
    order_.push_back(webhook.id);
    const bool added = is(difference.added, webhook.id);
    if (!added && !is(difference.changed, webhook.id)) continue;
    timetable_.remove(webhook.id);
    auto adopted = adopt(std::make_shared<const config::Webhook>(webhook));
    if (adopted && !added) adopted = parts_.store.touch(webhook.id);
    if (!adopted)
      log_event(Level::error, "state-failed", {{"webhook", webhook.id}, {"error", adopted.error().message}});
    timetable_.hurry(webhook.id, parts_.clock.tick());
    dispatcher_.notify(webhook.id);
  }
  // Where webhooks are listed follows the file; what adopt() appended is there already.
  order_.clear();
  for (const auto& webhook : loaded->webhooks) order_.push_back(webhook.id);
  config_.webhooks = std::move(loaded->webhooks);
  config_.limits.outbox_bytes = loaded->limits.outbox_bytes;
  config_.limits.kept_bytes = loaded->limits.kept_bytes;
  set_log_level(loaded->log.level);
  wake_.notify_all();
  lock.unlock();
  log_event(Level::info, "reloaded",
            {{"added", std::to_string(report.added.size())},
             {"removed", std::to_string(report.removed.size())},
             {"changed", std::to_string(report.changed.size())},
             {"unchanged", std::to_string(report.unchanged)}});
  return report;
}

Answer<std::vector<DeadPage>> Engine::dead(const std::string& id) {
  {
    const std::lock_guard lock(mutex_);
    if (!entries_.contains(id)) return unknown(id);
  }
  auto pages = parts_.store.dead(id);
  if (!pages) return failed(pages.error());
  return std::move(*pages);
}

Answer<Selected> Engine::replay(const std::string& id, const ReplayRange& range, const std::string& url) {
  {
    const std::lock_guard lock(mutex_);
    if (!entries_.contains(id)) return unknown(id);
  }
  const auto selected = parts_.store.replay(id, range, url);
  if (!selected) return failed(selected.error());
  if (selected->revived + selected->queued + selected->waiting == 0) return *selected;
  log_event(Level::info, "replay-asked",
            {{"webhook", id},
             {"revived", std::to_string(selected->revived)},
             {"queued", std::to_string(selected->queued)},
             {"elsewhere", url.empty() ? "false" : "true"}});
  {
    const std::lock_guard lock(mutex_);
    const auto state = parts_.store.webhook(id);
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
  if (auto dropped = parts_.store.drop_dead(id, page); !dropped) return failed(dropped.error());
  log_event(Level::warn, "dead-dropped",
            {{"webhook", id}, {"sequence", std::to_string(at->page.sequence)}, {"page", page}});
  dead_changed(id);
  dispatcher_.notify(id);
  return *at;
}

std::vector<std::string> Engine::not_ready() {
  {
    const std::lock_guard lock(mutex_);
    if (!started_) return {"starting"};
  }
  const auto statuses = list();
  if (!statuses) return statuses.error().messages;
  std::vector<std::string> reasons;
  for (const auto& status : *statuses)
    if (!status.paused && !status.healthy) reasons.push_back(status.webhook.id + ": " + status.last_error);
  return reasons;
}

bool Engine::alive() {
  // The loop takes a turn at least once a second; a store that answers slowly may hold it up for a while.
  return !stopping_ && parts_.clock.tick() - dispatcher_.last_turn() < std::chrono::minutes(1);
}

}  // namespace vhookd
