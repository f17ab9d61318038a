#include "daemon/engine/poll_runner.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/output/log.h"
#include "scheduler/health.h"

namespace vhookd {

namespace {

constexpr auto oldest_probe = std::chrono::seconds(5);  // that still answers for other webhooks

Micros probe_age(const config::Webhook& webhook) {
  return std::min<Micros>(webhook.interval / 4, oldest_probe);
}

// Nothing was committed since the last poll: the check is done.
std::optional<LeftOut> left_out(const DuePoll& due, const std::optional<IdleProbes::Seen>& seen) {
  if (!seen || due.token->empty() || seen->token != due.token) return std::nullopt;
  return LeftOut{.asked_at = seen->asked_at, .tick = seen->tick};
}

Poller::Options with_cache(Poller::Options options, ProbeCache* cache) {
  options.probe_cache = cache;
  return options;
}

}  // namespace

bool is_unreachable(const PollOutcome& outcome) {
  return !outcome.run.ok && outcome.at_database && outcome.recourse == Recourse::reconnect;
}

PollRunner::PollRunner(const Parts& parts, PollObserver& observer)
    : clock_(parts.clock),
      observer_(observer),
      sessions_(parts.connect, parts.connect_options, parts.clock),
      idle_probes_(parts.connect, parts.connect_options, parts.clock),
      probe_cache_(parts.clock),
      poller_(parts.polls, parts.clock, observer, with_cache(parts.poller, &probe_cache_)) {}

std::optional<LeftOut> PollRunner::leave_out(const DuePoll& due) {
  if (due.token->empty()) return std::nullopt;
  return left_out(due, idle_probes_.recent(due.webhook->database, probe_age(*due.webhook)));
}

std::variant<LeftOut, PollMade> PollRunner::run(const DuePoll& due) {
  const auto& webhook = *due.webhook;
  const Tick began = clock_.tick();
  auto lease = sessions_.lease(webhook.database);
  if (!lease) return PollMade{.outcome = not_reached(lease.error(), began), .token = {}};
  // The token comes before the view, so that everything behind it is in the view.
  Shared<std::string> token;
  if (due.probes_for_idle) {
    observer_.made_progress();
    // A last answer that is young enough does as well: what was committed since shows at the next look.
    auto seen = idle_probes_.recent(webhook.database, probe_age(webhook));
    if (!seen) seen = idle_probes_.ask(webhook.database, **lease);
    if (const auto idle = left_out(due, seen)) return *idle;
    if (seen) token = seen->token;
  }
  auto outcome = poll_on(*lease, webhook, due.request);
  if (!outcome.run.ok || !outcome.epoch_ends) return PollMade{.outcome = std::move(outcome), .token = token};
  if (auto last = end_epoch(due)) return PollMade{.outcome = std::move(*last), .token = {}};
  auto request = due.request;
  request.can_end_epoch = false;
  return PollMade{.outcome = poll(webhook, request), .token = token};
}

PollOutcome PollRunner::not_reached(const Error& error, Tick began) const {
  PollOutcome outcome;
  outcome.run.started_at = clock_.now();
  outcome.run.ok = false;
  outcome.run.error = error.message;
  outcome.run.duration_ms = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.tick() - began).count();
  outcome.recourse = error.recourse;
  outcome.at_database = true;
  return outcome;
}

PollOutcome PollRunner::poll(const config::Webhook& webhook, const PollRequest& request) {
  const Tick began = clock_.tick();
  auto lease = sessions_.lease(webhook.database);
  return lease ? poll_on(*lease, webhook, request) : not_reached(lease.error(), began);
}

PollOutcome PollRunner::poll_on(SessionPool::Lease& lease, const config::Webhook& webhook, const PollRequest& request) {
  auto outcome = poller_.poll(webhook, *lease, request);
  if (!is_unreachable(outcome)) return outcome;
  lease.discard();
  if (!lease.reused()) return outcome;
  // A session that lay idle may have been ended by the server: no fault of the webhook's.
  auto fresh = sessions_.lease_new(webhook.database);
  if (!fresh) return outcome;
  outcome = poller_.poll(webhook, **fresh, request);
  if (is_unreachable(outcome)) fresh->discard();
  return outcome;
}

// What has changed up to now still goes out as the configuration before had it. None: done, or it can't be; else
// the outcome that has to come first.
std::optional<PollOutcome> PollRunner::end_epoch(const DuePoll& due) {
  auto request = due.request;
  request.can_end_epoch = false;
  request.whole = true;  // what a narrow poll passed over would be noted silently
  auto last = poll(*due.polled_as, request);
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

}  // namespace vhookd
