// What Engine answers to Control about how things stand: status, readiness, metrics.
#include <filesystem>
#include <limits>
#include <span>

#include "core/crypto.h"
#include "daemon/engine/engine.h"
#include "daemon/engine/metrics.h"
#include "daemon/explain/explanation.h"
#include "daemon/explain/explanation_print.h"

namespace vhookd {

namespace {

std::unexpected<Refusal> failed(const Error& error) {
  return std::unexpected(Refusal{.why = Refusal::Why::failed, .messages = {error.message}});
}

std::int64_t size_of(const std::string& path) {
  std::error_code fault;
  const auto size = std::filesystem::file_size(path, fault);
  return fault ? 0 : static_cast<std::int64_t>(size);
}

// Before the first complete check: since the webhook is known.
double lag_seconds(const std::optional<Instant>& checked_at, Instant created_at, Instant now) {
  const Instant since = checked_at.value_or(created_at);
  return since == Instant{} ? 0 : std::max(0.0, std::chrono::duration<double>(now - since).count());
}

double seconds(std::int64_t milliseconds) {
  return static_cast<double>(milliseconds) / 1000;
}

}  // namespace

std::optional<double> FirstSync::seconds_left() const {
  if (!expected_rows || rows_per_second <= 0) return std::nullopt;
  return std::max(0.0, static_cast<double>(*expected_rows - rows) / rows_per_second);
}

// `checked_at`: as the state has it. REQUIRES: mutex_ held.
Engine::Judged Engine::judge(const Entry& entry, std::optional<Instant> checked_at, Instant now, Tick tick) const {
  Judged judged{.paused = entry.paused || entry.webhook->is_paused,
                .healthy = entry.health->shown_healthy,
                .last_error = entry.health->shown_error,
                .checked_at = checked_at};
  // By the monotonic clock where this process made the check: nothing is stale, or fresh, because the other jumped.
  if (checked_at && entry.last_complete) judged.checked_at = now - (tick - *entry.last_complete);
  if (!entry.api_made->invalid.empty()) {
    judged.healthy = false;
    judged.last_error = entry.api_made->invalid;
    return judged;
  }
  if (judged.paused) return judged;
  if (!outages_.empty()) {
    const auto due = timetable_.due(entry.webhook->id);
    const auto outage = outages_.find(SessionPool::place_of(entry.webhook->database));
    if (outage != outages_.end() && outage->second.failed_in_a_row >= 2 && due && *due <= tick) {
      judged.healthy = false;
      if (judged.last_error.empty()) judged.last_error = outage->second.error;
    }
  }
  const Instant since = now - (tick - entry.since);
  if (const auto why = stale(judged.checked_at, since, entry.webhook->interval, now)) {
    judged.healthy = false;
    const auto& cause = !entry.health->polls.last_error.empty() ? entry.health->polls.last_error : judged.last_error;
    judged.last_error = cause.empty() ? *why + (entry.outbox_full ? "; the outbox is full" : "") : *why + "; " + cause;
  }
  // One failure makes nothing unhealthy, and may be all there is for hours: what a receiver says who asks to be left
  // alone for a day.
  if (judged.last_error.empty()) judged.last_error = entry.health->polls.last_error;
  if (judged.last_error.empty()) judged.last_error = entry.health->deliveries.last_error;
  return judged;
}

// REQUIRES: mutex_ held.
std::optional<Instant> Engine::next_check_at(const Entry& entry, const Judged& judged, Instant now, Tick tick) const {
  if (judged.paused || !entry.api_made->invalid.empty()) return std::nullopt;
  const auto due = timetable_.due(entry.webhook->id);
  if (!due) return std::nullopt;
  return now + std::max<Micros>(Micros(0), *due - tick);
}

// Without its runs. REQUIRES: mutex_ held.
WebhookStatus Engine::judged(const Entry& entry, WebhookState state) const {
  WebhookStatus status;
  const Instant now = parts_.clock.now();
  const Tick tick = parts_.clock.tick();
  status.webhook = *entry.webhook;
  status.state = std::move(state);
  if (entry.idle_at) status.state.checked_at = entry.idle_at;
  auto judged = judge(entry, status.state.checked_at, now, tick);
  status.paused = judged.paused;
  status.healthy = judged.healthy;
  status.last_error = std::move(judged.last_error);
  status.strategy = entry.strategy;
  status.by_api = entry.by_api;
  status.next_check_at = next_check_at(entry, judged, now, tick);
  if (const auto& sync = entry.first_sync) {
    const double took = std::chrono::duration<double>(sync->last - sync->began).count();
    status.first_sync = FirstSync{.rows = sync->rows,
                                  .expected_rows = sync->expected,
                                  .rows_per_second = took > 0 ? static_cast<double>(sync->rows) / took : 0};
  }
  status.lag_seconds = lag_seconds(judged.checked_at, status.state.created_at, now);
  return status;
}

// The same without a look at the state. REQUIRES: mutex_ held.
Engine::Judged Engine::judge_known(const Entry& entry) const {
  const Instant now = parts_.clock.now();
  const Tick tick = parts_.clock.tick();
  // A check of this process: only that there was one counts here, its time is the monotonic clock's.
  return judge(entry, entry.last_complete ? now : entry.checked_before, now, tick);
}

// Asks nothing of the state that the entries know: it is called all the time.
Answer<Counts> Engine::counts() {
  const auto queued = parts_.store.outbox_pages();
  if (!queued) return failed(queued.error());
  Counts counts{.queued_pages = *queued};
  const std::lock_guard lock(mutex_);
  for (const auto& at : entries_) {
    const auto judged = judge_known(at.second);
    ++counts.webhooks;
    counts.paused += judged.paused ? 1 : 0;
    counts.unhealthy += !judged.paused && !judged.healthy ? 1 : 0;
  }
  return counts;
}

Answer<WebhookStatus> Engine::status_of(const std::string& id) {
  WebhookStatus status;
  {
    const std::lock_guard lock(mutex_);
    const auto at = entries_.find(id);
    if (at == entries_.end())  // asked first: the store makes a row for every id it is asked for
      return std::unexpected(Refusal{.why = Refusal::Why::not_found, .messages = {"there is no webhook " + id}});
    auto state = parts_.store.webhook(id);
    if (!state) return failed(state.error());
    status = judged(at->second, std::move(*state));
  }
  auto runs = parts_.store.runs(id);
  if (!runs) return failed(runs.error());
  status.runs = std::move(*runs);
  const bool held =
      status.paused || (status.state.holding_pages > 0 && status.webhook.delivery->on_dead == config::OnDead::hold);
  if (status.state.queued_pages > 0 && !held) {
    auto retrying = parts_.store.retrying(id);
    if (!retrying) return failed(retrying.error());
    status.retrying = std::move(*retrying);
  }
  return status;
}

// Some at a time, so that neither the lock is held for long nor all their states are in memory at once.
Answer<std::size_t> Engine::walk(std::size_t from, std::size_t most, const OnEntry& on_entry) {
  constexpr std::size_t at_once = 500;
  std::vector<std::string> ids;  // a reload must neither show one twice nor pass one over
  std::size_t total = 0;
  {
    const std::lock_guard lock(mutex_);
    total = order_.size();
    from = std::min(from, total);
    ids.reserve(std::min(most, total - from));
    for (const auto& id : std::span(order_).subspan(from, std::min(most, total - from))) ids.push_back(id);
  }
  for (std::size_t done = 0; done < ids.size(); done += at_once) {
    const std::lock_guard lock(mutex_);
    auto states = parts_.store.webhooks(std::span(ids).subspan(done, std::min(at_once, ids.size() - done)));
    if (!states) return failed(states.error());
    for (auto& state : *states) {
      const auto entry = entries_.find(state.id);
      if (entry != entries_.end()) on_entry(entry->second, std::move(state));
    }
  }
  return total;
}

Answer<std::size_t> Engine::each(std::size_t from, std::size_t most, const Visit& visit) {
  return walk(from, most, [&](const Entry& entry, WebhookState state) { visit(judged(entry, std::move(state))); });
}

std::vector<std::string> Engine::not_ready() {
  {
    const std::lock_guard lock(mutex_);
    if (!started_) return {"starting"};
  }
  if (const auto read = parts_.store.outbox_pages(); !read) return {read.error().message};
  std::vector<std::string> reasons;
  const std::lock_guard lock(mutex_);
  for (const auto& id : order_) {
    const auto at = entries_.find(id);
    if (at == entries_.end()) continue;
    const auto judged = judge_known(at->second);
    if (!judged.paused && !judged.healthy) reasons.push_back(id + ": " + judged.last_error);
  }
  return reasons;
}

// REQUIRES: mutex_ held.
void Engine::count(Entry& entry, const PollOutcome& outcome) {
  const Run& run = outcome.run;
  auto& counted = entry.counted;
  ++(!run.ok ? counted.polls_failed : outcome.held.empty() ? counted.polls_ok : counted.polls_held);
  counted.records += static_cast<std::uint64_t>(run.records);
  counted.pages += static_cast<std::uint64_t>(run.pages);
  counted.last_poll_seconds = seconds(run.duration_ms);
}

void Engine::progressed(const std::string& id, std::int64_t rows, std::optional<std::int64_t> expected) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(id);
  if (at == entries_.end()) return;
  auto& sync = at->second.first_sync;
  if (!sync) sync = std::make_unique<Progress>(Progress{.expected = expected, .began = at->second.poll_began});
  sync->rows += rows;
  sync->last = parts_.clock.tick();
}

void Engine::attempted(const std::string& id, Attempted outcome, Micros took, std::optional<Micros> waited) {
  metrics_.with([&](EngineMetrics& metrics) {
    metrics.attempts.observe(std::chrono::duration<double>(took).count());
    // The wall clock may have been set back meanwhile.
    if (waited) metrics.waits.observe(std::max(0.0, std::chrono::duration<double>(*waited).count()));
  });
  const std::lock_guard lock(mutex_);
  if (const auto at = entries_.find(id); at != entries_.end())
    ++at->second.counted.attempts[static_cast<std::size_t>(outcome)];
}

// REQUIRES: mutex_ held.
MeasuredWebhook Engine::measured(const Entry& entry, const WebhookState& state) const {
  const Instant now = parts_.clock.now();
  const Tick tick = parts_.clock.tick();
  const auto checked_at = entry.idle_at ? entry.idle_at : state.checked_at;
  const auto judged = judge(entry, checked_at, now, tick);
  return {.webhook = entry.webhook,
          .strategy = entry.strategy,
          .healthy = judged.healthy,
          .paused = judged.paused,
          .lag_seconds = lag_seconds(judged.checked_at, state.created_at, now),
          .checked_at = checked_at,
          .next_check_at = next_check_at(entry, judged, now, tick),
          .last_delivery_at = state.last_delivery_at,
          .queued_pages = state.queued_pages,
          .queued_bytes = state.queued_bytes,
          .dead_pages = state.dead_pages,
          .counted = entry.counted};
}

Answer<Pieces> Engine::metrics() {
  Measurements measured{.webhooks = {},
                        .counters = metrics_.with([](const EngineMetrics& metrics) { return metrics; }),
                        .outbox_bytes = 0,
                        .state_bytes = size_of(parts_.store.path()) + size_of(parts_.store.path() + "-wal"),
                        .process = process_facts()};
  {
    const std::lock_guard lock(mutex_);
    measured.webhooks.reserve(order_.size());
    measured.outbox_limit_bytes = config_.limits.outbox_bytes;
  }
  const auto walked =
      walk(0, std::numeric_limits<std::size_t>::max(), [&](const Entry& entry, const WebhookState& state) {
        measured.webhooks.push_back(this->measured(entry, state));
      });
  if (!walked) return std::unexpected(walked.error());
  const auto bytes = parts_.store.outbox_bytes();
  if (!bytes) return failed(bytes.error());
  measured.outbox_bytes = *bytes;
  return metrics_pieces(std::move(measured));
}

Answer<std::string> Engine::explain(const std::string& id, bool json) {
  std::shared_ptr<const config::Webhook> webhook;
  {
    const std::lock_guard lock(mutex_);
    const auto at = entries_.find(id);
    if (at == entries_.end())
      return std::unexpected(Refusal{.why = Refusal::Why::not_found, .messages = {"there is no webhook " + id}});
    if (!at->second.api_made->invalid.empty())
      return std::unexpected(Refusal{.why = Refusal::Why::conflict, .messages = {at->second.api_made->invalid}});
    webhook = at->second.webhook;
  }
  // A session of its own: those that polls keep must not be held up, nor be left in an odd state.
  auto session = parts_.connect(webhook->database, parts_.connect_options);
  if (!session) return failed(session.error());
  const auto explanation =
      vhookd::explain(*webhook, {.source = **session, .now = parts_.clock.now(), .random_id = parts_.random_id});
  if (!explanation) return failed(explanation.error());
  return json ? explanation_json(**explanation) : explanation_text(**explanation);
}

}  // namespace vhookd
