#include "daemon/engine/poll_loop.h"

#include <malloc.h>

#include <algorithm>
#include <cassert>

#include "core/time_text.h"
#include "daemon/engine/connection_key.h"
#include "daemon/output/log.h"

namespace vhookd {

namespace {

using std::chrono::milliseconds;

constexpr auto longest_sleep = std::chrono::seconds(60);
constexpr auto check_spacing = std::chrono::seconds(60);  // what a crash may take back of checked_at

// So that one slow database never holds more than half of the workers.
int places_for(int polls) {
  return std::clamp(polls / 2, 1, 4);
}

void log_outbox_full(const std::string& id) {
  log_event(Level::warn, "outbox-full",
            {{"webhook", id}, {"what", "polling waits until pages are delivered; changes wait in the database"}});
}

void log_state_failed(const std::string& id, const Error& error) {
  log_event(Level::error, "state-failed", {{"webhook", id}, {"error", error.message}});
}

}  // namespace

PollLoop::PollLoop(const EngineContext& context, DeliveryLoop& deliveries, const PollRunner::Parts& runner, int polls)
    : context_(context), deliveries_(deliveries), runner_(runner, *this), timetable_(places_for(polls)) {}

// ---- webhooks

void PollLoop::put(const RegisteredWebhook& registered, std::optional<Instant> checked_at, bool anew) {
  const auto& id = registered.webhook->id;
  const MutexLock lock(mutex_);
  timetable_.remove(id);
  if (anew) entries_.erase(id);
  Entry& entry = entries_[id];
  entry.record.configure(registered.webhook, checked_at);
  entry.version = registered.version;
  entry.runs = false;
  if (once_ && !registered.invalid.empty()) once_failed_ = true;
  if (once_ && registered.runs()) once_left_.insert(id);
  schedule(id, entry, registered.runs());
  timetable_.hurry(id, context_.clock.tick());  // once more after a poll that is under way
  due_.notify_one();
  ended_.notify_all();
}

void PollLoop::update(const RegisteredWebhook& registered, bool release) {
  const auto& id = registered.webhook->id;
  const MutexLock lock(mutex_);
  const auto at = entries_.find(id);
  if (at == entries_.end() || at->second.version > registered.version) return;
  Entry& entry = at->second;
  entry.version = registered.version;
  if (release) entry.record.release_next();
  schedule(id, entry, registered.runs());
  due_.notify_one();
  ended_.notify_all();
}

void PollLoop::schedule(const std::string& id, Entry& entry, bool runs) {
  if (!runs) {
    timetable_.remove(id);
    once_left_.erase(id);
  } else if (!entry.runs) {
    const auto& webhook = entry.record.webhook();
    const Tick now = context_.clock.tick();
    timetable_.add(id, connection_key(webhook.database), webhook.interval, now);
    entry.record.polled_since(now);
  }
  entry.runs = runs;
}

void PollLoop::remove(const std::string& id) {
  const MutexLock lock(mutex_);
  entries_.erase(id);
  timetable_.remove(id);
  once_left_.erase(id);
  ended_.notify_all();
}

void PollLoop::wait_until_idle(const std::string& id, Micros longest) {
  MutexLock lock(mutex_);
  ended_.wait_for(lock, longest, [&]() REQUIRES(mutex_) { return stopping_ || !timetable_.under_way(id); });
}

void PollLoop::room_made(const std::string& id) {
  const MutexLock lock(mutex_);
  const auto at = entries_.find(id);
  if (at == entries_.end() || !at->second.record.waits_for_room()) return;
  timetable_.hurry(id, context_.clock.tick());
  due_.notify_one();
}

std::expected<Run, PollLoop::NoRun> PollLoop::poll_now(const std::string& id, Micros longest) {
  MutexLock lock(mutex_);
  const auto at = entries_.find(id);
  if (at == entries_.end() || !at->second.runs) return std::unexpected(NoRun::not_polled);
  const auto target = at->second.record.await_run();
  timetable_.reached(id);  // asked for by a person: a back-off does not count
  timetable_.hurry(id, context_.clock.tick());
  due_.notify_one();
  const bool in_time = ended_.wait_for(lock, longest, [&]() REQUIRES(mutex_) {
    const auto entry = entries_.find(id);
    return stopping_ || entry == entries_.end() || entry->second.record.runs_ended() >= target;
  });
  const auto entry = entries_.find(id);
  const auto run = entry == entries_.end() ? std::nullopt : entry->second.record.awaited_run();
  if (!in_time) return std::unexpected(NoRun::too_late);
  if (stopping_ || !run) return std::unexpected(NoRun::cancelled);
  return *run;
}

// ---- running

void PollLoop::run() {
  while (const auto due = wait_for_due()) {
    poll(*due);
    save_checks(false);
  }
}

void PollLoop::stop() {
  stopping_ = true;
  const MutexLock lock(mutex_);
  due_.notify_all();
  ended_.notify_all();
}

// Of the workers that have nothing to do one waits for what comes due next, the others for that one's call: a poll that
// comes due wakes one thread, not all of them. None: stopping.
std::optional<DuePoll> PollLoop::wait_for_due() {
  MutexLock lock(mutex_);
  while (!stopping_) {
    const Tick now = context_.clock.tick();
    last_step_ = now;
    if (const auto id = timetable_.take(now, true)) return take(*id);
    const Tick longest = now + longest_sleep;
    const Tick next = std::clamp(timetable_.next_due().value_or(longest), now + milliseconds(1), longest);
    if (awaited_ && *awaited_ <= next) {
      due_.wait(lock);
      continue;
    }
    awaited_ = next;
    due_.wait_for(lock, next - now);
    if (awaited_ == next) awaited_.reset();
  }
  return std::nullopt;
}

// Called by a worker that goes to a database, which may take long.
void PollLoop::hand_over() {
  const MutexLock lock(mutex_);
  if (!awaited_) due_.notify_one();
}

std::optional<PollLoop::Step> PollLoop::step() {
  std::optional<DuePoll> due;
  {
    const MutexLock lock(mutex_);
    const auto id = timetable_.take(context_.clock.tick());
    if (!id) return std::nullopt;
    due = take(*id);
  }
  Step step{.id = due->id, .outcome = poll(*due)};
  save_checks(false);
  return step;
}

std::optional<Tick> PollLoop::next_due() const {
  const MutexLock lock(mutex_);
  return timetable_.next_due();
}

void PollLoop::wait_for_end(Micros longest) {
  MutexLock lock(mutex_);
  ended_.wait_for(lock, longest);
}

bool PollLoop::each_was_polled() const {
  const MutexLock lock(mutex_);
  return once_left_.empty();
}

bool PollLoop::any_failed() const {
  const MutexLock lock(mutex_);
  return once_failed_;
}

DuePoll PollLoop::take(const std::string& id) {
  Entry& entry = entries_.at(id);
  assert(entry.runs);
  return entry.record.begin(context_.clock.tick(), once_);
}

// The outcome of the poll, where it was made.
std::optional<PollOutcome> PollLoop::poll(const DuePoll& due) {
  if (const auto idle = runner_.leave_out(due)) {
    left_out(due, *idle);
    return std::nullopt;
  }
  hand_over();
  if (!may_queue(due.id)) {
    waits_for_room(due);
    return std::nullopt;
  }
  auto result = runner_.run(due);
  if (const auto* idle = std::get_if<LeftOut>(&result)) {
    left_out(due, *idle);
    return std::nullopt;
  }
  auto& made = std::get<PollMade>(result);
  this->made(due, made);
  return std::move(made.outcome);
}

// Whoever waits for the end of a run reads the webhook's health next, so health comes first in the three below.

void PollLoop::left_out(const DuePoll& due, const LeftOut& idle) {
  log_event(Level::debug, "unchanged", {{"webhook", due.id}});
  context_.health.poll_succeeded(due.id);
  const MutexLock lock(mutex_);
  reached(*due.webhook);
  if (Entry* entry = finished(due, false)) entry->record.left_out(idle);
}

void PollLoop::waits_for_room(const DuePoll& due) {
  const Run run{.started_at = context_.clock.now(),
                .ok = false,
                .error = "the outbox is full: polling waits until pages are delivered, or dead ones dropped"};
  if (context_.registry.contains(due.id)) context_.health.poll_failed(due.id, run.error, true);
  bool news = false;
  {
    const MutexLock lock(mutex_);
    Entry* entry = finished(due, false);
    if (entry == nullptr) return;
    entry->record.refused(run);
    news = entry->record.wait_for_room(true);
    once_left_.erase(due.id);
    if (once_) once_failed_ = true;
  }
  if (news) log_outbox_full(due.id);
}

void PollLoop::made(const DuePoll& due, const PollMade& made) {
  const auto& outcome = made.outcome;
  report(due, outcome);
  bool news = false;
  {
    const MutexLock lock(mutex_);
    is_unreachable(outcome) ? unreachable(*due.webhook, outcome.run.error) : reached(*due.webhook);
    Entry* entry = finished(due, outcome.more);
    if (entry == nullptr) return;
    entry->record.made(due, made, context_.clock.tick());
    // Cut short for want of room: it goes on with the next delivery, not at the next interval.
    if (outcome.run.ok && outcome.held.empty()) news = entry->record.wait_for_room(outcome.no_room);
    if (once_ && !(outcome.run.ok && outcome.more)) {
      once_left_.erase(due.id);
      timetable_.remove(due.id);
      if (!outcome.run.ok || !outcome.held.empty()) once_failed_ = true;
    }
  }
  if (news) log_outbox_full(due.id);
}

// Its place is free for the next poll. Null: the webhook was removed meanwhile.
PollLoop::Entry* PollLoop::finished(const DuePoll& due, bool again) {
  timetable_.finished(due.id, context_.clock.tick(), again);
  ended_.notify_all();
  const auto at = entries_.find(due.id);
  return at == entries_.end() ? nullptr : &at->second;
}

// What the log, the state and the webhook's health get of a poll.
void PollLoop::report(const DuePoll& due, const PollOutcome& outcome) {
  const auto& id = due.id;
  const auto& run = outcome.run;
  context_.metrics.with(
      [&](EngineMetrics& metrics) { metrics.polls.observe(static_cast<double>(run.duration_ms) / 1000); });
  if (!run.ok) {
    if (auto recorded = context_.store.polls().record_run(id, run); !recorded) log_state_failed(id, recorded.error());
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
  if (!context_.registry.contains(id)) return;  // removed meanwhile
  if (!outcome.held.empty()) {
    hold_back(id, outcome.held);
  } else if (run.ok) {
    context_.health.poll_succeeded(id);
  } else {
    context_.health.poll_failed(id, run.error, is_lasting(outcome.recourse));
  }
}

void PollLoop::hold_back(const std::string& id, const std::string& why) {
  log_event(Level::error, "held", {{"webhook", id}, {"why", why}});
  if (auto stored = context_.store.records().set_paused(id, true, "held: " + why); stored) {
    if (const auto now = context_.registry.refresh(id)) update(now->webhook);
  } else {
    log_state_failed(id, stored.error());
    if (const auto now = context_.registry.assume_paused(id)) update(*now);
  }
  context_.health.poll_failed(id, "held: " + why, true);
}

void PollLoop::reached(const config::Webhook& webhook) {
  timetable_.reached(webhook.id);
  if (!outages_.empty()) outages_.erase(connection_key(webhook.database));
}

void PollLoop::unreachable(const config::Webhook& webhook, const std::string& error) {
  timetable_.unreachable(webhook.id, context_.clock.tick());
  const auto key = connection_key(webhook.database);
  Outage& outage = outages_[key];
  ++outage.failed_in_a_row;
  outage.error = error;
  if (!once_) return;
  // Those that still wait for this database would fail as well, each after a longer back-off.
  std::erase_if(once_left_, [&](const std::string& other) REQUIRES(mutex_) {
    if (timetable_.under_way(other) || connection_key(entries_.at(other).record.webhook().database) != key)
      return false;
    timetable_.remove(other);
    return true;
  });
}

// Writes checks by a token down, once in a while: in the order of the configuration, in which their rows mostly lie in
// the state file, and so many in a commit that nobody waits long for the store.
void PollLoop::save_checks(bool all) {
  constexpr std::size_t in_one_commit = 10'000;
  {
    const MutexLock lock(mutex_);
    const Tick now = context_.clock.tick();
    if (!all && now - checks_saved_ < check_spacing) return;
    checks_saved_ = now;
  }
  const auto ids = context_.registry.ids();
  std::vector<std::vector<std::pair<std::string, Instant>>> commits;
  {
    const MutexLock lock(mutex_);
    for (const auto& id : ids) {
      const auto at = entries_.find(id);
      const auto checked = at == entries_.end() ? std::nullopt : at->second.record.take_unsaved_check();
      if (!checked) continue;
      if (commits.empty() || commits.back().size() >= in_one_commit) commits.emplace_back();
      commits.back().emplace_back(id, *checked);
    }
  }
  for (const auto& checks : commits)
    if (auto saved = context_.store.polls().checked(checks); !saved)
      log_event(Level::error, "state-failed", {{"error", saved.error().message}});
  if (!commits.empty()) ::malloc_trim(0);  // what the polls before took, and these lists
}

// ---- what polls ask, and what is shown of them

// One webhook may fill a quarter of the outbox, so that a dead receiver does not stop the others; all together may fill
// it. Dead pages count too: they wait for a person. What is there already never blocks a webhook that has nothing
// there.
bool PollLoop::may_queue(const std::string& id) {
  const auto state = context_.store.polls().webhook(id);
  const auto all = context_.store.outbox().bytes();
  if (!state || !all) return true;  // the commit will say what is wrong
  const auto limit = context_.registry.limits().outbox_bytes;
  const auto own = state->queued_bytes + state->dead_bytes;
  return own == 0 || (own < limit / 4 && *all < limit);
}

void PollLoop::progressed(const std::string& id, std::int64_t rows, std::optional<std::int64_t> expected) {
  const MutexLock lock(mutex_);
  if (const auto at = entries_.find(id); at != entries_.end())
    at->second.record.progressed(rows, expected, context_.clock.tick());
}

std::string PollLoop::outage_of(const Entry& entry, Tick now) const {
  if (outages_.empty() || !entry.runs) return {};
  const auto& webhook = entry.record.webhook();
  const auto due = timetable_.due(webhook.id);
  if (!due || *due > now) return {};
  const auto outage = outages_.find(connection_key(webhook.database));
  return outage != outages_.end() && outage->second.failed_in_a_row >= 2 ? outage->second.error : std::string();
}

PollView PollLoop::view(const std::string& id, Tick now) const {
  const MutexLock lock(mutex_);
  const auto at = entries_.find(id);
  if (at == entries_.end()) return {.strategy = "", .since = now};
  PollView view = at->second.record.view();
  view.due = timetable_.due(id);
  view.outage = outage_of(at->second, now);
  return view;
}

}  // namespace vhookd
