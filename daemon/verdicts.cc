// The delivery loop's verdicts: what the retry policy makes of an answer, written down.
#include "daemon/dispatcher.h"
#include "daemon/log.h"
#include "scheduler/split.h"

namespace vhookd {

namespace {

constexpr auto store_retry = std::chrono::seconds(1);

std::pair<std::string_view, std::string> sequence_of(const Parcel& parcel) {
  return {"sequence", std::to_string(parcel.page.sequence)};
}

}  // namespace

void Dispatcher::judged(Flight& flight, const Outcome& outcome) {
  const Attempt attempt = attempt_of(flight.parcel, outcome, flight.sent_at, clock_.now(), hooks_.random());
  // A replay leaves alone what it sends: nothing of it is split or buried.
  const auto on_reject = flight.lane.replay ? config::OnReject::hold : flight.webhook->on_reject;
  const auto verdict = judge(attempt, flight.webhook->retry, on_reject);
  const auto stored =
      flight.lane.replay ? act_on_replay(flight, outcome, verdict) : act(flight, outcome, attempt, verdict);
  if (stored) return;
  // What was answered could not be written down: the page will go out again, recognisable by its id.
  log_event(Level::error, "state-failed", {{"webhook", flight.lane.id}, {"error", stored.error().message}});
  wait_until(flight.lane, clock_.tick() + store_retry);
}

Result<void> Dispatcher::act(const Flight& flight, const Outcome& outcome, const Attempt& attempt,
                             const Verdict& verdict) {
  const auto& id = flight.lane.id;
  const auto sequence = flight.parcel.page.sequence;
  if (std::holds_alternative<Delivered>(verdict)) {
    auto stored = store_.delivered(id, sequence, hooks_.keep(*flight.webhook));
    if (!stored) return stored;
    log_event(Level::debug, "page-delivered",
              {{"webhook", id}, sequence_of(flight.parcel), {"page", flight.parcel.page.id}});
    hooks_.delivered(id);
    wait_until(flight.lane, clock_.tick());
    return {};
  }
  if (const auto* retry = std::get_if<RetryAt>(&verdict))
    return take_back(flight, failure_text(outcome, retry->note), attempt, *retry);
  const auto text = failure_text(outcome, "");
  if (std::holds_alternative<Split>(verdict)) return halve_page(flight, text, attempt);
  if (!std::holds_alternative<Gone>(verdict)) return bury(flight, text, std::holds_alternative<Isolated>(verdict));

  const std::string gone = "the receiver answered 410 Gone";
  auto stored = store_.attempt_failed(id, sequence, attempt.now, gone);
  if (stored) stored = store_.set_paused(id, true, gone);
  log_event(Level::error, "receiver-gone",
            {{"webhook", id}, sequence_of(flight.parcel), {"page", flight.parcel.page.id}});
  hooks_.failed(id, gone + "; the webhook is paused and its pages are kept; `vhookd resume " + id + "` goes on", true);
  return stored;
}

// The page stays first in its queue.
Result<void> Dispatcher::take_back(const Flight& flight, const std::string& text, const Attempt& attempt,
                                   const RetryAt& retry) {
  const auto& id = flight.lane.id;
  auto stored = store_.attempt_failed(id, flight.parcel.page.sequence, retry.at, text, is_rejection(attempt.status));
  log_event(Level::warn, "page-refused",
            {{"webhook", id},
             sequence_of(flight.parcel),
             {"attempt", std::to_string(attempt.attempts)},
             {"likely_permanent", retry.likely_permanent ? "true" : "false"},
             {"error", text}});
  hooks_.failed(id, text, false);
  if (stored && hooks_.sendable(id, false)) wait_until(flight.lane, retry.at);
  return stored;
}

Result<void> Dispatcher::bury(const Flight& flight, const std::string& text, bool isolated) {
  const auto& id = flight.lane.id;
  const auto sequence = flight.parcel.page.sequence;
  const bool goes_on = isolated || flight.webhook->on_dead == config::OnDead::go_on;
  const Death death = isolated ? Death::isolated : goes_on ? Death::passed_over : Death::holding;
  auto stored = store_.page_died(id, sequence, text, death);
  log_event(Level::error, isolated ? "record-isolated" : "page-died",
            {{"webhook", id}, sequence_of(flight.parcel), {"page", flight.parcel.page.id}, {"error", text}});
  const std::string what =
      isolated ? "one record is dead, page " + flight.parcel.page.id : "page " + std::to_string(sequence) + " is dead";
  hooks_.failed(id, what + ": " + text + "; `vhookd replay " + id + " --dead` sends it again", true);
  if (stored && goes_on) wait_until(flight.lane, clock_.tick());
  return stored;
}

Result<void> Dispatcher::halve_page(const Flight& flight, const std::string& text, const Attempt& attempt) {
  const auto& id = flight.lane.id;
  const auto& page = flight.parcel.page;
  const auto halves = halve(page, flight.webhook->shared_secret(), hooks_.random_id);
  Result<void> stored = fail(Recourse::give_up, "page " + page.id + " can't be read, and so not be split");
  if (halves) stored = store_.split(id, page.sequence, halves->first, halves->second);
  if (!stored && stored.error().recourse != Recourse::give_up) return stored;
  if (!stored) {  // then it is tried as it is, and dead in the end
    const auto verdict = judge(attempt, flight.webhook->retry);
    const auto* retry = std::get_if<RetryAt>(&verdict);
    const auto why = text + " (" + stored.error().message + ")";
    return retry ? take_back(flight, why, attempt, *retry) : bury(flight, why, false);
  }
  log_event(Level::warn, "page-split",
            {{"webhook", id},
             sequence_of(flight.parcel),
             {"page", page.id},
             {"records", std::to_string(page.records)},
             {"error", text}});
  hooks_.failed(id, text + " (split in two, to find the record that is refused)", false);
  wait_until(flight.lane, clock_.tick());
  return {};
}

Result<void> Dispatcher::act_on_replay(const Flight& flight, const Outcome& outcome, const Verdict& verdict) {
  const auto& id = flight.lane.id;
  const Parcel& parcel = flight.parcel;
  Result<void> stored;
  if (std::holds_alternative<Delivered>(verdict)) {
    stored = store_.replayed(parcel.replay, hooks_.keep(*flight.webhook));
    if (stored) {
      log_event(Level::info, "page-replayed", {{"webhook", id}, sequence_of(parcel), {"page", parcel.page.id}});
      if (!parcel.elsewhere) hooks_.dead_changed(id);
    }
  } else if (const auto* retry = std::get_if<RetryAt>(&verdict)) {
    const auto text = failure_text(outcome, retry->note);
    stored = store_.replay_failed(parcel.replay, retry->at, text);
    log_event(Level::warn, "replay-refused", {{"webhook", id}, sequence_of(parcel), {"error", text}});
    if (stored) wait_until(flight.lane, retry->at);
    return stored;
  } else {
    // Out of retries; or 410, and then nothing more is to be sent there. The pages stay what they are.
    int dropped = 1;
    if (std::holds_alternative<Gone>(verdict)) {
      const auto all = store_.drop_replays(id, parcel.elsewhere ? parcel.url : "");
      if (!all) return std::unexpected(all.error());
      dropped = *all;
    } else {
      stored = store_.drop_replay(parcel.replay);
    }
    log_event(Level::error, "replay-ended",
              {{"webhook", id},
               sequence_of(parcel),
               {"pages", std::to_string(dropped)},
               {"error", failure_text(outcome, "")}});
  }
  if (stored) wait_until(flight.lane, clock_.tick());
  return stored;
}

}  // namespace vhookd
