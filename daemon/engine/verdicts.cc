// The delivery loop's verdicts: what the retry policy makes of an answer, written down.
#include "core/crash_point.h"
#include "daemon/engine/delivery_loop.h"
#include "daemon/output/log.h"
#include "delivery/split.h"

namespace vhookd {

namespace {

constexpr auto store_retry = std::chrono::seconds(1);

std::pair<std::string_view, std::string> sequence_of(const Parcel& parcel) {
  return {"sequence", std::to_string(parcel.page.sequence)};
}

}  // namespace

void DeliveryLoop::judged(Flight& flight, const Outcome& outcome) {
  const auto& id = flight.lane.id;
  const Instant now = clock_.now();
  const auto first = retry_clock_.first_attempt_at(flight.lane.name(), flight.sent_at, now, clock_.tick());
  const auto* answered = std::get_if<Answered>(&outcome.result);
  const bool taken = answered != nullptr && answered->status / 100 == 2;  // nothing of it hangs on chance
  const Attempt attempt = attempt_of(flight.parcel, outcome, first, now, taken ? 0 : options_.random());
  // A replay leaves alone what it sends: nothing of it is split or buried.
  const auto on_reject = flight.lane.replay ? config::OnReject::hold : flight.webhook->delivery->on_reject;
  const auto verdict = judge(attempt, flight.webhook->delivery->retry, on_reject);
  const bool arrived = std::holds_alternative<Delivered>(verdict);
  observer_.attempted(id, attempted(verdict, outcome, flight.lane.replay), outcome.took,
                      arrived && !flight.lane.replay ? std::optional(now - flight.parcel.queued_at) : std::nullopt);
  if (arrived) return delivered(flight);
  const auto stored =
      flight.lane.replay ? act_on_replay(flight, outcome, attempt, verdict) : act(flight, outcome, attempt, verdict);
  if (stored) return;
  // What was answered could not be written down: the page will go out again, recognisable by its id.
  log_event(Level::error, "state-failed", {{"webhook", id}, {"error", stored.error().message}});
  wait_until(flight.lane, clock_.tick() + store_retry);
}

void DeliveryLoop::delivered(const Flight& flight) {
  const Parcel& parcel = flight.parcel;
  crash_point(CrashPoint::after_2xx);
  log_event(flight.lane.replay ? Level::info : Level::debug, flight.lane.replay ? "page-replayed" : "page-delivered",
            {{"webhook", flight.lane.id}, sequence_of(parcel), {"page", parcel.page.id}});
  unrecorded_[flight.lane] = {
      .number = flight.lane.replay ? parcel.replay : static_cast<std::int64_t>(parcel.page.sequence),
      .keep = observer_.keep(*flight.webhook),
      .elsewhere = parcel.elsewhere};
  arrived_.push_back(flight.lane);
}

// What has arrived since the last look, of all webhooks: an fsync each would be the limit of how fast pages go out.
void DeliveryLoop::record_arrived() {
  std::vector<Lane> queues;
  std::vector<Receipt> receipts;
  for (const auto& lane : std::exchange(arrived_, {})) {
    if (lane.replay) {
      record_delivered(lane);
      continue;
    }
    const Taken& taken = unrecorded_.at(lane);
    receipts.push_back({lane.id, static_cast<std::uint64_t>(taken.number), taken.keep});
    queues.push_back(lane);
  }
  if (receipts.empty()) return;
  const auto results = store_.outbox().delivered(receipts);
  for (std::size_t i = 0; i < queues.size(); ++i) recorded(queues[i], results[i]);
}

void DeliveryLoop::record_delivered(const Lane& lane) {
  const Taken taken = unrecorded_.at(lane);
  recorded(lane, lane.replay
                     ? store_.replays().delivered(taken.number, taken.keep)
                     : store_.outbox().delivered(lane.id, static_cast<std::uint64_t>(taken.number), taken.keep));
}

// Where the state can't take it now, it is tried again: the page stays the first of its queue until then.
void DeliveryLoop::recorded(const Lane& lane, const Result<void>& result) {
  if (result) {
    const Taken taken = unrecorded_.at(lane);
    unrecorded_.erase(lane);
    if (!lane.replay) observer_.delivered(lane.id);
    if (lane.replay && !taken.elsewhere) observer_.dead_changed(lane.id);
    return wait_until(lane, clock_.tick());
  }
  log_event(Level::error, "state-failed", {{"webhook", lane.id}, {"error", result.error().message}});
  if (!lane.replay) observer_.failed(lane.id, result.error().message, false);
  // The page is not queued any more, or another writer has taken over its queue.
  if (result.error().recourse == Recourse::give_up || result.error().recourse == Recourse::fenced)
    unrecorded_.erase(lane);
  if (observer_.sendable(lane.id, lane.replay)) wait_until(lane, clock_.tick() + store_retry);
}

Result<void> DeliveryLoop::act(const Flight& flight, const Outcome& outcome, const Attempt& attempt,
                               const Verdict& verdict) {
  const auto& id = flight.lane.id;
  const auto sequence = flight.parcel.page.sequence;
  if (const auto* retry = std::get_if<RetryAt>(&verdict))
    return take_back(flight, failure_text(*flight.webhook, outcome, retry->note), attempt, *retry);
  const auto text = failure_text(*flight.webhook, outcome, "");
  if (std::holds_alternative<Split>(verdict)) return halve_page(flight, text, attempt);
  if (!std::holds_alternative<Gone>(verdict)) return bury(flight, text, std::holds_alternative<Isolated>(verdict));

  const std::string gone = "the receiver answered 410 Gone";
  retry_clock_.forget(flight.lane.name());  // whoever resumes it wants it tried at once
  auto stored = store_.outbox().attempt_failed(id, sequence, attempt.now, gone);
  if (stored) stored = store_.records().set_paused(id, true, gone);
  log_event(Level::error, "receiver-gone",
            {{"webhook", id}, sequence_of(flight.parcel), {"page", flight.parcel.page.id}});
  observer_.failed(id, gone + "; the webhook is paused and its pages are kept; `vhookd resume " + id + "` goes on",
                   true);
  return stored;
}

// The page stays first in its queue.
Result<void> DeliveryLoop::take_back(const Flight& flight, const std::string& text, const Attempt& attempt,
                                     const RetryAt& retry) {
  const auto& id = flight.lane.id;
  auto stored =
      store_.outbox().attempt_failed(id, flight.parcel.page.sequence, retry.at, text, is_rejection(attempt.status));
  log_event(Level::warn, "page-refused",
            {{"webhook", id},
             sequence_of(flight.parcel),
             {"attempt", std::to_string(attempt.attempts)},
             {"likely_permanent", retry.likely_permanent ? "true" : "false"},
             {"error", text}});
  observer_.failed(id, text, false);
  retry_clock_.wait(flight.lane.name(), flight.sent_at, clock_.tick() + (retry.at - attempt.now));
  if (stored && observer_.sendable(id, false)) wait_until(flight.lane, retry_clock_.not_before(flight.lane.name()));
  return stored;
}

Result<void> DeliveryLoop::bury(const Flight& flight, const std::string& text, bool isolated) {
  const auto& id = flight.lane.id;
  const auto sequence = flight.parcel.page.sequence;
  const bool goes_on = isolated || flight.webhook->delivery->on_dead == config::OnDead::go_on;
  retry_clock_.forget(flight.lane.name());  // replayed, it starts anew; and the next page may have its number
  const Death death = isolated ? Death::isolated : goes_on ? Death::passed_over : Death::holding;
  auto stored = store_.outbox().page_died(id, sequence, text, death);
  log_event(Level::error, isolated ? "record-isolated" : "page-died",
            {{"webhook", id}, sequence_of(flight.parcel), {"page", flight.parcel.page.id}, {"error", text}});
  const std::string what =
      isolated ? "one record is dead, page " + flight.parcel.page.id : "page " + std::to_string(sequence) + " is dead";
  observer_.failed(id, what + ": " + text + "; `vhookd replay " + id + " --dead` sends it again", true);
  if (stored && goes_on) wait_until(flight.lane, clock_.tick());
  return stored;
}

Result<void> DeliveryLoop::halve_page(const Flight& flight, const std::string& text, const Attempt& attempt) {
  const auto& id = flight.lane.id;
  const auto& page = flight.parcel.page;
  const auto halves = halve(page, flight.webhook->shared_secret(), options_.random_id);
  Result<void> stored = fail(Recourse::give_up, "page " + page.id + " can't be read, and so not be split");
  if (halves) stored = store_.outbox().split(id, page.sequence, halves->first, halves->second);
  if (!stored && stored.error().recourse != Recourse::give_up) return stored;
  if (!stored) {  // then it is tried as it is, and dead in the end
    const auto verdict = judge(attempt, flight.webhook->delivery->retry);
    const auto* retry = std::get_if<RetryAt>(&verdict);
    const auto why = text + " (" + stored.error().message + ")";
    return retry ? take_back(flight, why, attempt, *retry) : bury(flight, why, false);
  }
  retry_clock_.forget(flight.lane.name());  // the first half has the page's number and starts anew
  log_event(Level::warn, "page-split",
            {{"webhook", id},
             sequence_of(flight.parcel),
             {"page", page.id},
             {"records", std::to_string(page.records)},
             {"error", text}});
  observer_.failed(id, text + " (split in two, to find the record that is refused)", false);
  wait_until(flight.lane, clock_.tick());
  return {};
}

Result<void> DeliveryLoop::act_on_replay(const Flight& flight, const Outcome& outcome, const Attempt& attempt,
                                         const Verdict& verdict) {
  const auto& id = flight.lane.id;
  const Parcel& parcel = flight.parcel;
  if (const auto* retry = std::get_if<RetryAt>(&verdict)) {
    const auto text = failure_text(*flight.webhook, outcome, retry->note);
    auto stored = store_.replays().attempt_failed(parcel.replay, retry->at, text);
    log_event(Level::warn, "replay-refused", {{"webhook", id}, sequence_of(parcel), {"error", text}});
    retry_clock_.wait(flight.lane.name(), flight.sent_at, clock_.tick() + (retry->at - attempt.now));
    if (stored) wait_until(flight.lane, retry_clock_.not_before(flight.lane.name()));
    return stored;
  }
  // Out of retries; or 410, and then nothing more is to be sent there. The pages stay what they are.
  Result<int> dropped = 1;
  if (std::holds_alternative<Gone>(verdict)) {
    dropped = store_.replays().drop_all(id, parcel.elsewhere ? parcel.url : "");
  } else if (auto done = store_.replays().drop(parcel.replay); !done) {
    dropped = std::unexpected(done.error());
  }
  if (!dropped) return std::unexpected(dropped.error());
  log_event(Level::error, "replay-ended",
            {{"webhook", id},
             sequence_of(parcel),
             {"pages", std::to_string(*dropped)},
             {"error", failure_text(*flight.webhook, outcome, "")}});
  wait_until(flight.lane, clock_.tick());
  return {};
}

}  // namespace vhookd
