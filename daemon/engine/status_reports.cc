#include "daemon/engine/status_reports.h"

#include <algorithm>
#include <span>
#include <utility>

#include "daemon/engine/refusals.h"

namespace vhookd {

namespace {

// Before the first complete check: since the webhook is known.
double lag_seconds(const std::optional<Instant>& checked_at, Instant created_at, Instant now) {
  const Instant since = checked_at.value_or(created_at);
  return since == Instant{} ? 0 : std::max(0.0, std::chrono::duration<double>(now - since).count());
}

struct Now {
  explicit Now(const Clock& clock) : wall(clock.now()), tick(clock.tick()) {}
  Instant wall;
  Tick tick;
};

struct Judgement {
  bool healthy = true;
  std::string last_error;
  std::optional<Instant> checked_at;  // by the clock as it goes now
};

// `checked_at`: of the last complete check, as stored or newer.
Judgement judge(const RegisteredWebhook& registered, const PollView& polls, const HealthTracker::Health& health,
                std::optional<Instant> checked_at, const Now& now) {
  Judgement judged{.healthy = health.healthy, .last_error = health.error, .checked_at = checked_at};
  // By the monotonic clock where this process made the check: nothing is stale, or fresh, because the other jumped.
  if (checked_at && polls.last_complete) judged.checked_at = now.wall - (now.tick - *polls.last_complete);
  if (!registered.invalid.empty()) {
    judged.healthy = false;
    judged.last_error = registered.invalid;
    return judged;
  }
  if (registered.paused()) return judged;
  if (!polls.outage.empty()) {
    judged.healthy = false;
    if (judged.last_error.empty()) judged.last_error = polls.outage;
  }
  const Instant since = now.wall - (now.tick - polls.since);
  if (const auto why = stale(judged.checked_at, since, registered.webhook->interval, now.wall)) {
    judged.healthy = false;
    const auto& cause = !health.polls.last_error.empty() ? health.polls.last_error : judged.last_error;
    judged.last_error = cause.empty() ? *why + (polls.outbox_full ? "; the outbox is full" : "") : *why + "; " + cause;
  }
  // One failure makes nothing unhealthy, and may be all there is for hours: what a receiver says who asks to be left
  // alone for a day.
  if (judged.last_error.empty()) judged.last_error = health.polls.last_error;
  if (judged.last_error.empty()) judged.last_error = health.deliveries.last_error;
  return judged;
}

// Without a look at the state. Of a check by this process it counts only that there was one: its time is the monotonic
// clock's.
Judgement judge_known(const RegisteredWebhook& registered, const PollView& polls, const HealthTracker::Health& health,
                      const Now& now) {
  return judge(registered, polls, health, polls.last_complete ? now.wall : polls.checked_before, now);
}

std::optional<Instant> next_check_at(const RegisteredWebhook& registered, const PollView& polls, const Now& now) {
  if (!registered.runs() || !polls.due) return std::nullopt;
  return now.wall + std::max<Micros>(Micros(0), *polls.due - now.tick);
}

}  // namespace

std::optional<double> FirstSync::seconds_left() const {
  if (!expected_rows || rows_per_second <= 0) return std::nullopt;
  return std::max(0.0, static_cast<double>(*expected_rows - rows) / rows_per_second);
}

std::optional<StatusReports::Known> StatusReports::known(const std::string& id, Tick now) {
  auto registered = context_.registry.find(id);
  if (!registered) return std::nullopt;
  return Known{
      .registered = std::move(*registered), .polls = polls_.view(id, now), .health = context_.health.health(id)};
}

// Some at a time, so that not all their states are in memory at once.
Answer<void> StatusReports::walk(std::size_t from, std::size_t most, const OnKnown& on_known) {
  constexpr std::size_t at_once = 500;
  const auto ids = context_.registry.ids(from, most);  // a reload must neither show one twice nor pass one over
  for (std::size_t done = 0; done < ids.size(); done += at_once) {
    auto states = context_.store.records().list(std::span(ids).subspan(done, std::min(at_once, ids.size() - done)));
    if (!states) return failed(states.error());
    for (auto& state : *states)
      if (const auto one = known(state.id, context_.clock.tick())) on_known(*one, std::move(state));
  }
  return {};
}

// Without its runs.
WebhookStatus StatusReports::status(const Known& known, WebhookState state) {
  const Now now(context_.clock);
  WebhookStatus status;
  status.webhook = *known.registered.webhook;
  status.state = std::move(state);
  if (known.polls.idle_at) status.state.checked_at = known.polls.idle_at;
  auto judged = judge(known.registered, known.polls, known.health, status.state.checked_at, now);
  status.by_api = known.registered.by_api;
  status.paused = known.registered.paused();
  status.healthy = judged.healthy;
  status.last_error = std::move(judged.last_error);
  status.strategy = known.polls.strategy;
  status.next_check_at = next_check_at(known.registered, known.polls, now);
  status.first_sync = known.polls.first_sync;
  status.lag_seconds = lag_seconds(judged.checked_at, status.state.created_at, now.wall);
  return status;
}

Answer<std::size_t> StatusReports::each(std::size_t from, std::size_t most, const Visit& visit) {
  const auto total = context_.registry.size();
  const auto walked =
      walk(from, most, [&](const Known& one, WebhookState state) { visit(status(one, std::move(state))); });
  if (!walked) return std::unexpected(walked.error());
  return total;
}

// Asks nothing of the state that is known here: it is called all the time.
Answer<Counts> StatusReports::counts() {
  const auto queued = context_.store.outbox().pages();
  if (!queued) return failed(queued.error());
  Counts counts{.queued_pages = *queued};
  const Now now(context_.clock);
  for (const auto& id : context_.registry.ids()) {
    const auto one = known(id, now.tick);
    if (!one) continue;
    const bool paused = one->registered.paused();
    ++counts.webhooks;
    counts.paused += paused ? 1 : 0;
    counts.unhealthy += !paused && !judge_known(one->registered, one->polls, one->health, now).healthy ? 1 : 0;
  }
  return counts;
}

std::vector<std::string> StatusReports::unhealthy() {
  std::vector<std::string> reasons;
  const Now now(context_.clock);
  for (const auto& id : context_.registry.ids()) {
    const auto one = known(id, now.tick);
    if (!one || one->registered.paused()) continue;
    const auto judged = judge_known(one->registered, one->polls, one->health, now);
    if (!judged.healthy) reasons.push_back(id + ": " + judged.last_error);
  }
  return reasons;
}

Answer<WebhookStatus> StatusReports::get(const std::string& id) {
  auto states = context_.store.records().list(std::span(&id, 1));
  if (!states) return failed(states.error());
  const auto one = known(id, context_.clock.tick());
  if (!one || states->empty()) return unknown_webhook(id);
  auto status = this->status(*one, std::move(states->front()));
  auto runs = context_.store.polls().runs(id);
  if (!runs) return failed(runs.error());
  status.runs = std::move(*runs);
  const bool held =
      status.paused || (status.state.holding_pages > 0 && status.webhook.delivery->on_dead == config::OnDead::hold);
  if (status.state.queued_pages > 0 && !held) {
    auto retrying = context_.store.outbox().retrying(id);
    if (!retrying) return failed(retrying.error());
    status.retrying = std::move(*retrying);
  }
  return status;
}

MeasuredWebhook StatusReports::measured(const Known& known, const WebhookState& state) {
  const Now now(context_.clock);
  const auto checked_at = known.polls.idle_at ? known.polls.idle_at : state.checked_at;
  const auto judged = judge(known.registered, known.polls, known.health, checked_at, now);
  auto counted = known.polls.counted;
  counted.attempts = deliveries_.attempts(state.id);
  return {.webhook = known.registered.webhook,
          .strategy = known.polls.strategy,
          .healthy = judged.healthy,
          .paused = known.registered.paused(),
          .lag_seconds = lag_seconds(judged.checked_at, state.created_at, now.wall),
          .checked_at = checked_at,
          .next_check_at = next_check_at(known.registered, known.polls, now),
          .last_delivery_at = state.last_delivery_at,
          .queued_pages = state.queued_pages,
          .queued_bytes = state.queued_bytes,
          .dead_pages = state.dead_pages,
          .counted = counted};
}

Answer<Pieces> StatusReports::metrics() {
  Measurements measured{.webhooks = {},
                        .counters = context_.metrics.with([](const EngineMetrics& metrics) { return metrics; }),
                        .outbox_bytes = 0,
                        .outbox_limit_bytes = context_.registry.limits().outbox_bytes,
                        .state_bytes = context_.store.bytes(),
                        .process = process_facts()};
  measured.webhooks.reserve(context_.registry.size());
  const auto walked = walk(
      0, std::numeric_limits<std::size_t>::max(),
      [&](const Known& one, const WebhookState& state) { measured.webhooks.push_back(this->measured(one, state)); });
  if (!walked) return std::unexpected(walked.error());
  const auto bytes = context_.store.outbox().bytes();
  if (!bytes) return failed(bytes.error());
  measured.outbox_bytes = *bytes;
  return metrics_pieces(std::move(measured));
}

}  // namespace vhookd
