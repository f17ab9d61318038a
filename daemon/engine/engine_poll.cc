// One webhook's turn in the engine: whether it has to be polled at all, and as which configuration.
#include <malloc.h>

#include <algorithm>
#include <utility>

#include "daemon/engine/engine.h"
#include "daemon/output/log.h"

namespace vhookd {

namespace {

using std::chrono::milliseconds;

constexpr auto oldest_probe = std::chrono::seconds(5);        // that still answers for other webhooks
constexpr auto idle_save_spacing = std::chrono::seconds(60);  // what a crash may take back of checked_at

}  // namespace

Engine::Due Engine::take(const std::string& id) {
  Entry& entry = entries_.at(id);
  ++entry.runs_begun;
  entry.poll_began = parts_.clock.tick();
  Due due{.id = id,
          .webhook = entry.webhook,
          .polled_as = entry.polled_as,
          .request = {.release = std::exchange(entry.release, false),
                      .can_end_epoch = entry.polled_as && entry.polled_as != entry.webhook,
                      .checked_at = entry.idle_at},
          .token = entry.token,
          .asks_first = entry.by_commits_alone && !entry.busy};
  due.request.whole = std::exchange(entry.asked, false) || once_;
  if (due.request.whole || due.request.release) due.token = {};
  return due;
}

void Engine::poll_one(const Due& due) {
  const auto& webhook = *due.webhook;
  const auto age = std::min<Micros>(webhook.interval / 4, oldest_probe);
  if (!due.token->empty() && left_out(due, idle_probes_.recent(webhook.database, age))) return;
  hand_over();
  if (!may_queue(due.id)) return wait_for_room(due.id);
  const Tick began = parts_.clock.tick();
  auto lease = sessions_.lease(webhook.database);
  if (!lease) return polled(due, not_reached(lease.error(), began), {});
  // The token comes before the view, so that all that is behind it is in the view.
  Shared<std::string> token;
  if (due.asks_first) {
    poll_step_ = parts_.clock.tick();
    // A last answer that is young enough does as well: what was committed since shows at the next look.
    auto seen = idle_probes_.recent(webhook.database, age);
    if (!seen) seen = idle_probes_.ask(webhook.database, **lease);
    if (left_out(due, seen)) return;
    if (seen) token = seen->token;
  }
  auto outcome = poll_on(*lease, webhook, due.request);
  if (outcome.run.ok && outcome.epoch_ends) {
    if (const auto last = end_epoch(due)) return polled(due, *last, {});
    auto request = due.request;
    request.can_end_epoch = false;
    outcome = poll_with_session(webhook, request);
  }
  polled(due, outcome, token);
}

PollOutcome Engine::not_reached(const Error& error, Tick began) const {
  PollOutcome outcome;
  outcome.run.started_at = parts_.clock.now();
  outcome.run.ok = false;
  outcome.run.error = error.message;
  outcome.run.duration_ms = std::chrono::duration_cast<milliseconds>(parts_.clock.tick() - began).count();
  outcome.recourse = error.recourse;
  outcome.at_database = true;
  return outcome;
}

PollOutcome Engine::poll_with_session(const config::Webhook& webhook, const PollRequest& request) {
  const Tick began = parts_.clock.tick();
  auto lease = sessions_.lease(webhook.database);
  return lease ? poll_on(*lease, webhook, request) : not_reached(lease.error(), began);
}

PollOutcome Engine::poll_on(SessionPool::Lease& lease, const config::Webhook& webhook, const PollRequest& request) {
  const auto broken = [](const PollOutcome& outcome) {
    return !outcome.run.ok && outcome.at_database && outcome.recourse == Recourse::reconnect;
  };
  auto outcome = poller_.poll(webhook, *lease, request);
  if (!broken(outcome)) return outcome;
  lease.discard();
  if (!lease.reused()) return outcome;
  // A session that lay idle may have been ended by the server: no fault of the webhook's.
  auto fresh = sessions_.lease_new(webhook.database);
  if (!fresh) return outcome;
  outcome = poller_.poll(webhook, **fresh, request);
  if (broken(outcome)) fresh->discard();
  return outcome;
}

// What has changed up to now still goes out as the configuration before had it. None: done, or it can't be; else
// the outcome that has to come first.
std::optional<PollOutcome> Engine::end_epoch(const Due& due) {
  auto request = due.request;
  request.can_end_epoch = false;
  request.whole = true;  // what a narrow poll passed over would be noted silently
  auto last = poll_with_session(*due.polled_as, request);
  if (!last.held.empty()) return last;
  if (!last.run.ok) {
    if (!is_lasting(last.recourse)) return last;
    log_event(Level::warn, "epoch-cut", {{"webhook", due.id}, {"why", last.run.error}});
    return std::nullopt;
  }
  if (!last.complete || last.more) {
    last.more = true;
    last.complete = false;
    return last;
  }
  log_event(
      Level::info, "epoch-closed",
      {{"webhook", due.id}, {"records", std::to_string(last.run.records)}, {"pages", std::to_string(last.run.pages)}});
  return std::nullopt;
}

// Nothing was committed since the last poll: the check is done. False: it has to be made.
bool Engine::left_out(const Due& due, const std::optional<IdleProbes::Seen>& seen) {
  if (!seen || due.token->empty() || seen->token != due.token) return false;
  log_event(Level::debug, "unchanged", {{"webhook", due.id}});
  const MutexLock lock(mutex_);
  timetable_.reached(due.id);
  if (!outages_.empty()) outages_.erase(SessionPool::place_of(due.webhook->database));
  timetable_.finished(due.id, parts_.clock.tick(), false);
  ended_.notify_all();
  const auto at = entries_.find(due.id);
  if (at == entries_.end()) return true;
  Entry& entry = at->second;
  note_run(entry, Run{.started_at = seen->asked_at});
  if (!entry.last_complete || seen->tick > *entry.last_complete) {  // one look serves many, some polled after it
    entry.idle_at = seen->asked_at;
    entry.idle_unsaved = true;
    entry.last_complete = seen->tick;
  }
  if (entry.health) entry.health.edit().polls.succeeded();
  entry.outbox_full = false;
  show_health(due.id, entry);
  return true;
}

// Writes checks by a token down, once in a while: in the order of the configuration, in which their rows mostly lie in
// the state file, and so many in a commit that nobody waits long for the store.
void Engine::save_idle(bool all) {
  constexpr std::size_t in_one_commit = 10'000;
  std::vector<std::vector<std::pair<std::string, Instant>>> commits;
  {
    const MutexLock lock(mutex_);
    const Tick now = parts_.clock.tick();
    if (!all && now - idle_saved_ < idle_save_spacing) return;
    idle_saved_ = now;
    for (const auto& id : order_) {
      const auto at = entries_.find(id);
      if (at == entries_.end() || !std::exchange(at->second.idle_unsaved, false) || !at->second.idle_at) continue;
      if (commits.empty() || commits.back().size() >= in_one_commit) commits.emplace_back();
      commits.back().emplace_back(id, *at->second.idle_at);
    }
  }
  for (const auto& checks : commits)
    if (auto saved = parts_.store.polls().checked(checks); !saved)
      log_event(Level::error, "state-failed", {{"error", saved.error().message}});
  if (!commits.empty()) ::malloc_trim(0);  // what the polls before took, and these lists
}

}  // namespace vhookd
