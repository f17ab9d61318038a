#include "daemon/engine/engine.h"

#include <algorithm>

#include "config/difference.h"
#include "core/time_text.h"
#include "daemon/output/log.h"

namespace vhookd {

namespace {

using std::chrono::milliseconds;

constexpr auto drain_patience = std::chrono::seconds(10);
constexpr auto longest_sleep = std::chrono::seconds(60);
constexpr std::int64_t quick_poll_ms = 20;  // it costs little to poll in vain

// A quarter of the places for one endpoint, half of them for all that are slow together.
Dispatcher::Bounds bounds_for(int deliveries) {
  return {.per_endpoint = std::max(1, deliveries / 4), .slowed = std::max(1, deliveries / 2)};
}

// So that one slow database never holds more than half of the workers.
int places_for(int polls) {
  return std::clamp(polls / 2, 1, 4);
}

}  // namespace

Engine::Engine(Parts parts, config::Config config)
    : parts_(std::move(parts)),
      sessions_(parts_.connect, parts_.connect_options, parts_.clock),
      probe_cache_(parts_.clock),
      idle_probes_(parts_.connect, parts_.connect_options, parts_.clock),
      poller_(
          parts_.store, parts_.clock,
          {.pages_queued = [this](const std::string& id) { dispatcher_.notify(id); },
           .may_queue = [this](const std::string& id) { return outbox_has_room(id); },
           .progressed = [this](const std::string& id, std::int64_t rows,
                                std::optional<std::int64_t> expected) { progressed(id, rows, expected); },
           .stopping = [this] { return stopping_.load(); },
           .step = [this] { poll_step_ = parts_.clock.tick(); },
           .random_id = parts_.random_id,
           .shared_look = [this](const config::Database& database, Source& source, const Question& question,
                                 const OnRow& on_row) { return probe_cache_.look(database, source, question, on_row); },
           .beside = true}),
      dispatcher_(parts_.store, parts_.transport, parts_.clock, bounds_for(config.limits.deliveries),
                  {.sendable = [this](const std::string& id, bool replay) { return sendable(id, replay); },
                   .delivered = [this](const std::string& id) { delivered(id); },
                   .failed = [this](const std::string& id, const std::string& error,
                                    bool lasting) { not_delivered(id, error, lasting); },
                   .dead_changed = [this](const std::string& id) { dead_changed(id); },
                   .keep = [this](const config::Webhook& webhook) { return keep(webhook); },
                   .attempted = [this](const std::string& id, Attempted outcome, Micros took,
                                       std::optional<Micros> waited) { attempted(id, outcome, took, waited); },
                   .random = parts_.random,
                   .random_id = parts_.random_id}),
      config_(std::move(config)),
      timetable_(places_for(config_.limits.polls)) {}

Engine::~Engine() {
  stop();
}

Result<void> Engine::start() {
  // Those that are new are made first: an fsync for each would be most of the time it takes to start.
  std::vector<std::string> ids;
  ids.reserve(config_.webhooks.size());
  for (const auto& webhook : config_.webhooks) ids.push_back(webhook.id);
  if (auto made = parts_.store.make_webhooks(ids); !made) return made;
  {
    const std::lock_guard lock(mutex_);
    // From here on each is held by its entry alone.
    order_.reserve(ids.size());
    entries_.reserve(ids.size());
    for (auto& webhook : std::exchange(config_.webhooks, {}))
      if (auto adopted = adopt(std::make_shared<const config::Webhook>(std::move(webhook))); !adopted) return adopted;
    if (auto adopted = adopt_stored(); !adopted) return adopted;
    started_ = true;
    poll_step_ = parts_.clock.tick();
  }
  metrics_.with([this](EngineMetrics& metrics) { metrics.configured_at = parts_.clock.now(); });
  const auto queued = parts_.store.with_queue();
  if (!queued) return std::unexpected(queued.error());
  for (const auto& id : *queued) dispatcher_.notify(id);
  const auto replays = parts_.store.with_replays();
  if (!replays) return std::unexpected(replays.error());
  for (const auto& id : *replays) dispatcher_.notify(id);
  const int polls = once_ ? std::min<int>(config_.limits.polls, std::max<int>(1, static_cast<int>(order_.size())))
                          : config_.limits.polls;
  for (int i = 0; i < polls; ++i) workers_.emplace_back([this] { work(); });
  delivery_ = std::thread([this] { deliver(); });
  return {};
}

void Engine::stop() {
  if (stopping_.exchange(true)) return;
  {
    const std::lock_guard lock(mutex_);
    due_.notify_all();
    ended_.notify_all();
  }
  parts_.transport.wake();
  for (auto& worker : workers_) worker.join();
  save_idle(true);
  if (delivery_.joinable()) delivery_.join();
}

bool Engine::run_once(const std::function<bool()>& interrupted) {
  once_ = true;
  if (auto started = start(); !started) {
    log_event(Level::error, "state-failed", {{"error", started.error().message}});
    return false;
  }
  std::unique_lock lock(mutex_);
  while (!once_done() && !interrupted()) ended_.wait_for(lock, milliseconds(50));
  const bool done = once_done();
  const bool failed = once_failed_;
  lock.unlock();
  stop();
  return done && !failed;
}

// REQUIRES: mutex_ held.
bool Engine::once_done() {
  return once_left_.empty() && dispatcher_.idle();
}

// REQUIRES: mutex_ held.
Result<void> Engine::adopt(const std::shared_ptr<const config::Webhook>& webhook) {
  const auto& id = webhook->id;
  auto state = parts_.store.webhook(id);
  if (!state) return std::unexpected(state.error());
  if (webhook->checked_at && !state->fingerprint.empty())
    log_event(Level::info, "checked-at-ignored",
              {{"webhook", id}, {"why", "it says where a new webhook starts, and this one has state"}});
  Entry& entry = entries_[id];
  if (!entry.webhook) order_.push_back(id);
  entry.webhook = webhook;
  entry.paused = state->paused;
  entry.holding_pages = state->holding_pages;
  entry.strategy = "";
  entry.token = {};
  entry.by_commits_alone = true;
  entry.since = parts_.clock.tick();
  entry.checked_before = state->checked_at;
  auto& health = entry.health.edit();
  health.shown_healthy = state->healthy;
  health.shown_error = state->last_error;
  if (!state->healthy) {
    // What was wrong before a restart stays wrong until the same side succeeds.
    Side& side = state->queued_pages > 0 || state->dead_pages > 0 ? health.deliveries : health.polls;
    side = {.failed_in_a_row = state->failed_in_a_row, .healthy = false, .last_error = state->last_error};
  }
  entry.health.settle();
  if (once_ && !entry.api_made->invalid.empty()) once_failed_ = true;
  if (entry.paused || webhook->is_paused || !entry.api_made->invalid.empty()) return {};
  timetable_.add(id, SessionPool::place_of(webhook->database), webhook->interval, parts_.clock.tick());
  if (once_) once_left_.insert(id);
  return {};
}

void Engine::work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const Tick now = parts_.clock.tick();
    poll_step_ = now;
    const auto id = timetable_.take(now, true);
    if (!id) {
      wait_for_due(lock, now);
      continue;
    }
    const Due due = take(*id);
    lock.unlock();
    poll_one(due);
    save_idle(false);
    lock.lock();
  }
}

// Of the workers that have nothing to do one waits for what comes due next, the others for that one's call: a poll that
// comes due wakes one thread, not all of them. REQUIRES: `lock` holds mutex_.
void Engine::wait_for_due(std::unique_lock<std::mutex>& lock, Tick now) {
  const Tick longest = now + longest_sleep;
  const Tick next = std::clamp(timetable_.next_due().value_or(longest), now + milliseconds(1), longest);
  if (awaited_ && *awaited_ <= next) return due_.wait(lock);
  awaited_ = next;
  due_.wait_for(lock, next - now);
  if (awaited_ == next) awaited_.reset();
}

// Called by a worker that goes to a database, which may take long.
void Engine::hand_over() {
  const std::lock_guard lock(mutex_);
  if (!awaited_) due_.notify_one();
}

void Engine::wait_for_room(const std::string& id) {
  const std::lock_guard lock(mutex_);
  timetable_.finished(id, parts_.clock.tick(), false);
  ended_.notify_all();
  const auto at = entries_.find(id);
  if (at == entries_.end()) return;
  const Run run{.started_at = parts_.clock.now(),
                .ok = false,
                .error = "the outbox is full: polling waits until pages are delivered, or dead ones dropped"};
  note_run(at->second, run);
  at->second.health.edit().polls.failed(run.error, true);
  show_health(id, at->second);
  say_outbox_full(id, at->second);
  once_left_.erase(id);
  if (once_) once_failed_ = true;
}

void Engine::say_outbox_full(const std::string& id, Entry& entry) {
  if (!std::exchange(entry.outbox_full, true))
    log_event(Level::warn, "outbox-full",
              {{"webhook", id}, {"what", "polling waits until pages are delivered; changes wait in the database"}});
}

// REQUIRES: mutex_ held.
void Engine::note_run(Entry& entry, const Run& run) {
  ++entry.runs_ended;
  if (entry.awaited > 0) entry.last_run = std::make_unique<Run>(run);
}

void Engine::polled(const Due& due, const PollOutcome& outcome, const Shared<std::string>& token) {
  const auto& id = due.id;
  const auto& webhook = *due.webhook;
  const auto& run = outcome.run;
  metrics_.with([&](EngineMetrics& metrics) { metrics.polls.observe(static_cast<double>(run.duration_ms) / 1000); });
  if (!run.ok) {
    if (auto recorded = parts_.store.record_run(id, run); !recorded)
      log_event(Level::error, "state-failed", {{"webhook", id}, {"error", recorded.error().message}});
    log_event(Level::warn, "poll-failed",
              {{"webhook", id}, {"error", run.error}, {"run", rfc3339_seconds(run.started_at)}});
  } else {
    log_event(run.records > 0 ? Level::info : Level::debug, "polled",
              {{"webhook", id},
               {"records", std::to_string(run.records)},
               {"pages", std::to_string(run.pages)},
               {"read", std::to_string(outcome.rows_read)},
               {"ms", std::to_string(run.duration_ms)},
               {"run", rfc3339_seconds(run.started_at)}});
  }
  const std::lock_guard lock(mutex_);
  const Tick now = parts_.clock.tick();
  if (!run.ok && outcome.at_database && outcome.recourse == Recourse::reconnect) {
    unreachable(id, webhook, run.error);
  } else {
    timetable_.reached(id);
    if (!outages_.empty()) outages_.erase(SessionPool::place_of(webhook.database));
  }
  timetable_.finished(id, now, outcome.more);
  ended_.notify_all();
  const auto at = entries_.find(id);
  if (at == entries_.end()) return;  // taken out by a reload meanwhile
  Entry& entry = at->second;
  count(entry, outcome);
  note_run(entry, run);
  if (outcome.complete && !outcome.more) entry.first_sync.reset();
  if (!outcome.strategy.empty()) {
    entry.strategy = outcome.strategy;
    entry.by_commits_alone = outcome.by_commits_alone;
  }
  const bool complete = run.ok && outcome.complete;
  if (complete) {
    entry.last_complete = now;
    entry.polled_as = due.webhook;
    entry.idle_at.reset();
    entry.idle_unsaved = false;
  }
  entry.token = {};
  if (complete && outcome.up_to_date && entry.webhook == due.webhook)
    entry.token = token->empty() ? Shared<std::string>(outcome.token) : token;
  // An answer that comes along with the poll makes asking first a round trip more.
  entry.busy = run.records > 0 && !outcome.token.empty() && run.duration_ms <= quick_poll_ms;
  if (!outcome.held.empty()) {
    hold_back(id, entry, outcome.held);
  } else if (run.ok) {
    if (entry.health) entry.health.edit().polls.succeeded();
    // Cut short for want of room: it goes on with the next delivery, not at the next interval.
    if (outcome.no_room) {
      say_outbox_full(id, entry);
    } else {
      entry.outbox_full = false;
    }
  } else {
    entry.health.edit().polls.failed(run.error, is_lasting(outcome.recourse));
  }
  show_health(id, entry);
  if (!once_ || (run.ok && outcome.more)) return;
  once_left_.erase(id);
  timetable_.remove(id);
  if (!run.ok || !outcome.held.empty()) once_failed_ = true;
}

// REQUIRES: mutex_ held.
void Engine::unreachable(const std::string& id, const config::Webhook& webhook, const std::string& error) {
  timetable_.unreachable(id, parts_.clock.tick());
  const auto place = SessionPool::place_of(webhook.database);
  Outage& outage = outages_[place];
  ++outage.failed_in_a_row;
  outage.error = error;
  if (!once_) return;
  // Who still waits for this database would fail as well, only each a longer back-off later.
  std::erase_if(once_left_, [&](const std::string& other) {
    if (timetable_.under_way(other) || SessionPool::place_of(entries_.at(other).webhook->database) != place)
      return false;
    timetable_.remove(other);
    return true;
  });
}

// REQUIRES: mutex_ held.
void Engine::hold_back(const std::string& id, Entry& entry, const std::string& why) {
  log_event(Level::error, "held", {{"webhook", id}, {"why", why}});
  if (auto stored = parts_.store.set_paused(id, true, "held: " + why); !stored)
    log_event(Level::error, "state-failed", {{"webhook", id}, {"error", stored.error().message}});
  entry.paused = true;
  entry.health.edit().polls.failed("held: " + why, true);
  timetable_.remove(id);
}

// Writes health down where it changed. REQUIRES: mutex_ held.
void Engine::show_health(const std::string& id, Entry& entry) {
  if (!entry.health) return;
  auto& health = entry.health.edit();
  const bool healthy = health.polls.healthy && health.deliveries.healthy;
  const std::string error = !health.polls.healthy        ? health.polls.last_error
                            : !health.deliveries.healthy ? health.deliveries.last_error
                                                         : "";
  if (healthy == health.shown_healthy && error == health.shown_error && health.stored) return entry.health.settle();
  if (healthy != health.shown_healthy) {
    if (healthy) {
      log_event(Level::info, "healthy", {{"webhook", id}});
    } else {
      log_event(Level::error, "unhealthy", {{"webhook", id}, {"error", error}});
    }
  }
  const int failed = std::max(health.polls.failed_in_a_row, health.deliveries.failed_in_a_row);
  // What can't be written down is shown all the same: least of all a full disk may look healthy.
  health.shown_healthy = healthy;
  health.shown_error = error;
  const auto stored = parts_.store.set_health(id, healthy, failed, error);
  health.stored = stored.has_value();
  if (!stored) log_event(Level::error, "state-failed", {{"webhook", id}, {"error", stored.error().message}});
  entry.health.settle();
}

// One webhook may fill a quarter of the outbox, so that a dead receiver does not stop the others; all
// together may fill it. Dead pages count too: they wait for a person. What is there already never blocks a webhook that
// has nothing there.
bool Engine::outbox_has_room(const std::string& id) {
  const auto state = parts_.store.webhook(id);
  const auto all = parts_.store.outbox_bytes();
  if (!state || !all) return true;  // the commit will say what is wrong
  const auto limit = [this] {
    const std::lock_guard lock(mutex_);
    return config_.limits.outbox_bytes;
  }();
  const auto own = state->queued_bytes + state->dead_bytes;
  return own == 0 || (own < limit / 4 && *all < limit);
}

void Engine::deliver() {
  constexpr auto prune_every = std::chrono::minutes(1);
  for (Tick pruned{}; !stopping_;) {
    dispatcher_.turn(std::chrono::seconds(1));
    if (parts_.clock.tick() - pruned < prune_every) continue;
    pruned = parts_.clock.tick();
    if (auto done = parts_.store.prune(); !done)
      log_event(Level::error, "state-failed", {{"error", done.error().message}});
  }
  dispatcher_.drain(drain_patience);
}

std::shared_ptr<const config::Webhook> Engine::sendable(const std::string& id, bool replay) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(id);
  if (at == entries_.end()) return nullptr;
  const Entry& entry = at->second;
  if (entry.paused || entry.webhook->is_paused || !entry.api_made->invalid.empty()) return nullptr;
  if (replay) return once_ ? nullptr : entry.webhook;  // `run --once` ends when the queues are empty
  // A dead page holds back what follows it: order is kept until it is replayed or dropped.
  if (entry.holding_pages > 0 && entry.webhook->delivery->on_dead == config::OnDead::hold) return nullptr;
  if (once_ && entry.health->deliveries.failed_in_a_row > 0) return nullptr;
  return entry.webhook;
}

Keep Engine::keep(const config::Webhook& webhook) {
  const std::lock_guard lock(mutex_);
  return {.time = webhook.delivery->keep.time,
          .bytes = webhook.delivery->keep.bytes,
          .bytes_in_all = config_.limits.kept_bytes};
}

// Dead pages were dropped or sent again: where none is left they are no reason to be unhealthy.
void Engine::dead_changed(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(id);
  if (at == entries_.end()) return;
  const auto state = parts_.store.webhook(id);
  if (!state) return;
  at->second.holding_pages = state->holding_pages;
  if (state->dead_pages > 0 || state->queued_pages > 0) return;
  if (at->second.health) at->second.health.edit().deliveries.succeeded();
  show_health(id, at->second);
}

void Engine::delivered(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(id);
  if (at == entries_.end()) return;
  if (at->second.health) at->second.health.edit().deliveries.succeeded();
  show_health(id, at->second);
  if (at->second.outbox_full) {
    timetable_.hurry(id, parts_.clock.tick());
    due_.notify_one();
  }
}

void Engine::not_delivered(const std::string& id, const std::string& error, bool lasting) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(id);
  if (at == entries_.end()) return;
  Entry& entry = at->second;
  entry.health.edit().deliveries.failed(error, lasting);
  if (once_) once_failed_ = true;
  if (lasting) {
    if (const auto state = parts_.store.webhook(id)) {
      entry.paused = state->paused;
      entry.holding_pages = state->holding_pages;
    }
    if (entry.paused) timetable_.remove(id);
  }
  show_health(id, entry);
}

}  // namespace vhookd
