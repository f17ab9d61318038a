#include "daemon/dispatcher.h"

#include <algorithm>
#include <cctype>

#include "core/crash_point.h"
#include "daemon/hook_secrets.h"
#include "daemon/log.h"
#include "delivery/egress.h"
#include "delivery/sign.h"

namespace vhookd {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds store_retry = std::chrono::seconds(1);
constexpr milliseconds host_retry(20);  // how soon a place at a busy host is looked for again

std::string host_of(const config::Webhook& webhook) {
  std::string host(written_host(webhook.hook_url));
  for (char& c : host) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return host;
}

Request make_request(std::uint64_t ticket, const config::Webhook& webhook, const Page& page, Instant now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  Request request{
      .ticket = ticket, .url = webhook.hook_url, .headers = {}, .body = page.body, .timeout = webhook.timeout};
  request.headers = {{"content-type", "application/json"},
                     {"user-agent", "vhookd/" VHOOKD_VERSION},
                     {"webhook-id", page.id},
                     {"webhook-timestamp", std::to_string(seconds.time_since_epoch().count())}};
  if (!webhook.secrets.empty())
    request.headers.emplace_back("webhook-signature", standard_signature(webhook.secrets, page.id, seconds, page.body));
  for (const auto& [name, value] : webhook.headers) request.headers.emplace_back(name, value.reveal());
  return request;
}

// What the operator reads of an attempt that failed.
std::string failure_text(const config::Webhook& webhook, const Outcome& outcome, const RetryAt* retry) {
  std::string text;
  if (const auto* answered = std::get_if<Answered>(&outcome.result)) {
    text = "the receiver answered " + std::to_string(answered->status);
    if (!answered->excerpt.empty()) text += ": " + HookSecrets(webhook).without(answered->excerpt);
  } else {
    text = HookSecrets(webhook).without(std::get<Unanswered>(outcome.result).text);
  }
  if (retry != nullptr && !retry->note.empty()) text += " (" + retry->note + ")";
  return text;
}

Attempted attempted(const Verdict& verdict, const Outcome& outcome) {
  if (std::holds_alternative<Delivered>(verdict)) return Attempted::delivered;
  if (std::holds_alternative<Gone>(verdict)) return Attempted::gone;
  if (std::holds_alternative<Dead>(verdict)) return Attempted::died;
  return std::holds_alternative<Answered>(outcome.result) ? Attempted::refused : Attempted::unanswered;
}

}  // namespace

void Dispatcher::notify(const std::string& id) {
  shared_.with([&](Shared& shared) { shared.notified.insert(id); });
  transport_.wake();
}

bool Dispatcher::idle() {
  return shared_.with([](const Shared& shared) { return shared.notified.empty() && shared.busy == 0; });
}

Tick Dispatcher::last_turn() {
  return shared_.with([](const Shared& shared) { return shared.last_turn; });
}

void Dispatcher::publish() {
  shared_.with([&](Shared& shared) {
    shared.busy = flights_.size() + waiting_.size();
    shared.last_turn = clock_.tick();
  });
}

void Dispatcher::take_notified() {
  // Taken and counted as busy in one step, so that idle() never sees a page between the two.
  const auto notified = shared_.with([](Shared& shared) {
    shared.busy += shared.notified.size();
    return std::exchange(shared.notified, {});
  });
  for (const auto& id : notified)
    if (!flying_.contains(id)) wait_until(id, clock_.tick());
}

void Dispatcher::wait_until(const std::string& id, Tick due) {
  if (const auto old = waiting_.find(id); old != waiting_.end()) queue_.erase({old->second, id});
  waiting_[id] = due;
  queue_.emplace(due, id);
}

void Dispatcher::start_due() {
  while (transport_.capacity() > 0 && !queue_.empty() && queue_.begin()->first <= clock_.tick()) {
    const std::string id = queue_.begin()->second;
    queue_.erase(queue_.begin());
    waiting_.erase(id);
    start(id);
  }
}

void Dispatcher::start(const std::string& id) {
  if (unrecorded_.contains(id)) return record_delivered(id);
  const auto webhook = hooks_.sendable(id);
  if (!webhook) return;  // whoever makes it sendable again notifies
  const auto host = host_of(*webhook);
  if (const auto busy = hosts_.find(host); busy != hosts_.end() && busy->second >= per_host_)
    return wait_until(id, clock_.tick() + host_retry);
  auto head = store_.head(id);
  if (!head) {
    log_event(Level::error, "state-failed", {{"webhook", id}, {"error", head.error().message}});
    wait_until(id, clock_.tick() + store_retry);
    return;
  }
  if (!*head) return;
  const Instant now = clock_.now();
  const Tick tick = clock_.tick();
  patience_.see(**head, now, tick);
  if (const Tick due = patience_.not_before(id); due > tick) return wait_until(id, due);
  const auto ticket = next_ticket_++;
  auto request = make_request(ticket, *webhook, (*head)->page, now);
  flights_.emplace(ticket,
                   Flight{.id = id, .page = std::move(**head), .webhook = webhook, .sent_at = tick, .host = host});
  flying_.insert(id);
  ++hosts_[host];
  transport_.start(std::move(request));
}

milliseconds Dispatcher::patience_left(milliseconds patience) const {
  if (queue_.empty() || transport_.capacity() == 0) return patience;
  const auto until = std::chrono::ceil<milliseconds>(queue_.begin()->first - clock_.tick());
  return std::clamp(until, milliseconds(0), patience);
}

void Dispatcher::turn(milliseconds patience) {
  take_notified();
  start_due();
  publish();
  for (const auto& outcome : transport_.wait(patience_left(patience))) settle(outcome);
  publish();
}

void Dispatcher::drain(milliseconds patience) {
  const Tick end = clock_.tick() + patience;
  while (!flights_.empty() && clock_.tick() < end)
    for (const auto& outcome : transport_.wait(std::chrono::ceil<milliseconds>(end - clock_.tick()))) settle(outcome);
  if (!flights_.empty()) {
    transport_.abort_all();
    for (const auto& outcome : transport_.wait(milliseconds(100))) settle(outcome);
  }
  publish();
}

void Dispatcher::settle(const Outcome& outcome) {
  auto node = flights_.extract(outcome.ticket);
  if (node.empty()) return;
  Flight& flight = node.mapped();
  flying_.erase(flight.id);
  if (--hosts_[flight.host] == 0) hosts_.erase(flight.host);
  const auto* unanswered = std::get_if<Unanswered>(&outcome.result);
  if (unanswered != nullptr && unanswered->why == Unanswered::Why::aborted) return;  // the page waits in the outbox
  judged(flight, outcome);
}

void Dispatcher::judged(Flight& flight, const Outcome& outcome) {
  const auto& id = flight.id;
  const auto sequence = flight.page.page.sequence;
  const Instant now = clock_.now();
  const Tick tick = clock_.tick();
  Attempt attempt{.attempts = flight.page.attempts + 1,
                  .first_attempt_at = patience_.first_attempt_at(id, flight.sent_at, now, tick),
                  .now = now,
                  .random = hooks_.random()};
  if (const auto* answered = std::get_if<Answered>(&outcome.result)) {
    attempt.status = answered->status;
    attempt.retry_after = answered->retry_after;
  } else {
    attempt.slow = std::get<Unanswered>(outcome.result).why == Unanswered::Why::timeout;
  }
  const auto verdict = judge(attempt, flight.webhook->retry);
  const bool arrived = std::holds_alternative<Delivered>(verdict);
  hooks_.attempted(id, attempted(verdict, outcome), outcome.took,
                   arrived ? std::optional(now - flight.page.queued_at) : std::nullopt);
  const LogFields fields = {{"webhook", id}, {"sequence", std::to_string(sequence)}, {"page", flight.page.page.id}};
  Result<void> stored;
  if (arrived) {
    crash_point(CrashPoint::after_2xx);
    log_event(Level::debug, "page-delivered", fields);
    unrecorded_[id] = sequence;
    return record_delivered(id);
  }
  if (const auto* retry = std::get_if<RetryAt>(&verdict)) {
    const auto text = failure_text(*flight.webhook, outcome, retry);
    stored = store_.attempt_failed(id, sequence, retry->at, text);
    log_event(Level::warn, "page-refused",
              {{"webhook", id},
               {"sequence", std::to_string(sequence)},
               {"attempt", std::to_string(attempt.attempts)},
               {"error", text}});
    hooks_.failed(id, text, false);
    patience_.wait(id, flight.sent_at, tick + (retry->at - now));
    if (stored && hooks_.sendable(id)) wait_until(id, patience_.not_before(id));
  } else if (std::holds_alternative<Gone>(verdict)) {
    const std::string text = "the receiver answered 410 Gone";
    patience_.forget(id);  // whoever resumes it wants it tried at once
    stored = store_.attempt_failed(id, sequence, now, text);
    if (stored) stored = store_.set_paused(id, true, text);
    log_event(Level::error, "receiver-gone", fields);
    hooks_.failed(id, text + "; the webhook is paused and its pages are kept; `vhookd resume " + id + "` goes on",
                  true);
  } else {
    const auto text = failure_text(*flight.webhook, outcome, nullptr);
    patience_.forget(id);  // replayed, it starts anew
    stored = store_.page_died(id, sequence, text);
    log_event(Level::error, "page-died", {{"webhook", id}, {"sequence", std::to_string(sequence)}, {"error", text}});
    hooks_.failed(
        id,
        "page " + std::to_string(sequence) + " is dead: " + text + "; `vhookd replay " + id + " --dead` sends it again",
        true);
  }
  if (stored) return;
  // What was answered could not be written down: the page will go out again, recognisable by its id.
  log_event(Level::error, "state-failed", {{"webhook", id}, {"error", stored.error().message}});
  wait_until(id, tick + store_retry);
}

// Where the state can't take it now, it is tried again: the page stays the first of its queue until then.
void Dispatcher::record_delivered(const std::string& id) {
  const auto recorded = store_.delivered(id, unrecorded_.at(id));
  if (recorded) {
    unrecorded_.erase(id);
    hooks_.delivered(id);
    return wait_until(id, clock_.tick());
  }
  log_event(Level::error, "state-failed", {{"webhook", id}, {"error", recorded.error().message}});
  hooks_.failed(id, recorded.error().message, false);
  if (recorded.error().recourse == Recourse::give_up) unrecorded_.erase(id);  // the page is not there any more
  if (hooks_.sendable(id)) wait_until(id, clock_.tick() + store_retry);
}

}  // namespace vhookd
