#include "daemon/engine/delivery_loop.h"

#include <algorithm>

#include "daemon/output/log.h"

namespace vhookd {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds store_retry = std::chrono::seconds(1);
constexpr auto drain_timeout = std::chrono::seconds(10);
constexpr auto prune_every = std::chrono::minutes(1);

}  // namespace

void DeliveryLoop::notify(const std::string& id) {
  published_.with([&](Published& shared) { shared.notified.insert(id); });
  transport_.wake();
}

bool DeliveryLoop::idle() {
  return published_.with([](const Published& shared) { return shared.notified.empty() && shared.busy == 0; });
}

Tick DeliveryLoop::last_turn() {
  return published_.with([](const Published& shared) { return shared.last_turn; });
}

void DeliveryLoop::publish() {
  published_.with([&](Published& shared) {
    shared.busy = flights_.size() + waiting_.size() + parked_.size();
    shared.last_turn = clock_.tick();
  });
}

void DeliveryLoop::take_notified() {
  // Taken and counted as busy in one step, so that idle() never sees a page between the two.
  const auto notified = published_.with([](Published& shared) {
    shared.busy += shared.notified.size();
    return std::exchange(shared.notified, {});
  });
  for (const auto& id : notified) {
    for (const bool replay : {false, true}) {
      const Lane lane{id, replay};
      if (!flying_.contains(lane) && !parked_.contains(lane)) wait_until(lane, clock_.tick());
    }
  }
}

void DeliveryLoop::wait_until(const Lane& lane, Tick due) {
  if (const auto old = waiting_.find(lane); old != waiting_.end()) queue_.erase({old->second, lane});
  waiting_[lane] = due;
  queue_.emplace(due, lane);
}

void DeliveryLoop::start_due() {
  while (transport_.capacity() > 0 && !queue_.empty() && queue_.begin()->first <= clock_.tick()) {
    const Lane lane = queue_.begin()->second;
    queue_.erase(queue_.begin());
    waiting_.erase(lane);
    start(lane);
  }
}

Result<std::optional<Parcel>> DeliveryLoop::next_parcel(const Lane& lane, const config::Webhook& webhook) {
  std::optional<Parcel> parcel;
  QueuedPage seen{.webhook_id = lane.name()};
  if (lane.replay) {
    auto replay = store_.replays().next(lane.id);
    if (!replay) return std::unexpected(replay.error());
    if (!*replay) return std::nullopt;
    seen.page.sequence = static_cast<std::uint64_t>((*replay)->number);  // what tells one from the next here
    seen.not_before = (*replay)->not_before;
    seen.first_attempt_at = (*replay)->first_attempt_at;
    parcel = parcel_of(std::move(**replay), webhook);
  } else {
    auto head = store_.outbox().head(lane.id);
    if (!head) return std::unexpected(head.error());
    if (!*head) return std::nullopt;
    seen.page.sequence = (*head)->page.sequence;
    seen.not_before = (*head)->not_before;
    seen.first_attempt_at = (*head)->first_attempt_at;
    parcel = parcel_of(std::move(**head), webhook);
  }
  retry_clock_.see(seen, clock_.now(), clock_.tick());
  return parcel;
}

// Whether a POST may begin there now; if not, the lane waits for its turn.
bool DeliveryLoop::has_place(const std::string& origin, const Lane& lane) {
  const auto at = endpoints_.find(origin);
  if (at == endpoints_.end()) return true;
  Endpoint& endpoint = at->second;
  const bool crowded = endpoint.pace.slowed() && slowed_flights_ >= options_.bounds.slowed;
  if (crowded || endpoint.flights >= endpoint.pace.window()) {
    if (crowded) crowded_.insert(origin);
    endpoint.parked.push_back(lane);
    parked_.insert(lane);
    return false;
  }
  if (endpoint.pace.not_before() <= clock_.tick()) return true;
  wait_until(lane, endpoint.pace.not_before());
  return false;
}

void DeliveryLoop::start(const Lane& lane) {
  if (unrecorded_.contains(lane)) return record_delivered(lane);
  const auto webhook = observer_.sendable(lane.id, lane.replay);
  if (!webhook) return;  // whoever makes it sendable again notifies
  const Tick tick = clock_.tick();
  if (const auto rate = rates_.find(lane.id); rate != rates_.end() && webhook->delivery->rate_limit) {
    if (rate->second.not_before() > tick) return wait_until(lane, rate->second.not_before());
  }
  // Before the page is read: most that have no place go to the webhook's own URL.
  if (!lane.replay && !has_place(origin_of(webhook->delivery->hook_url), lane)) return;
  auto parcel = next_parcel(lane, *webhook);
  if (!parcel) {
    log_event(Level::error, "state-failed", {{"webhook", lane.id}, {"error", parcel.error().message}});
    return wait_until(lane, tick + store_retry);
  }
  if (!*parcel) return;
  if (const Tick due = retry_clock_.not_before(lane.name()); due > tick) return wait_until(lane, due);
  const auto origin = origin_of((*parcel)->url);
  if (lane.replay && !has_place(origin, lane)) return;

  const auto ticket = next_ticket_++;
  auto request = make_request(ticket, *webhook, **parcel, clock_.now());
  request.tls = std::shared_ptr<const config::Tls>(webhook, &webhook->delivery->tls);
  Endpoint& endpoint = endpoints_.try_emplace(origin, options_.bounds.per_endpoint).first->second;
  const bool slowed = endpoint.pace.slowed();
  ++endpoint.flights;
  endpoint.pace.started(tick);
  slowed_flights_ += slowed ? 1 : 0;
  if (webhook->delivery->rate_limit) rates_[lane.id].started(tick, *webhook->delivery->rate_limit);
  flights_.emplace(ticket, Flight{.lane = lane,
                                  .parcel = std::move(**parcel),
                                  .webhook = webhook,
                                  .sent_at = tick,
                                  .origin = origin,
                                  .slowed = slowed});
  flying_.insert(lane);
  transport_.start(std::move(request));
}

milliseconds DeliveryLoop::wait_left(milliseconds timeout) const {
  if (queue_.empty() || transport_.capacity() == 0) return timeout;
  const auto until = std::chrono::ceil<milliseconds>(queue_.begin()->first - clock_.tick());
  return std::clamp(until, milliseconds(0), timeout);
}

void DeliveryLoop::run(const std::atomic<bool>& stopping) {
  while (!stopping) turn(std::chrono::seconds(1));
  drain(drain_timeout);
}

void DeliveryLoop::turn(milliseconds timeout) {
  take_notified();
  start_due();
  publish();
  settle(transport_.wait(wait_left(timeout)));
  publish();
  prune();
}

void DeliveryLoop::prune() {
  if (clock_.tick() - pruned_ < prune_every) return;
  pruned_ = clock_.tick();
  if (auto done = store_.replays().prune(); !done)
    log_event(Level::error, "state-failed", {{"error", done.error().message}});
}

std::optional<Tick> DeliveryLoop::next_due() {
  if (published_.with([](const Published& shared) { return !shared.notified.empty(); })) return clock_.tick();
  if (queue_.empty()) return std::nullopt;
  return queue_.begin()->first;
}

void DeliveryLoop::drain(milliseconds timeout) {
  const Tick end = clock_.tick() + timeout;
  while (!flights_.empty() && clock_.tick() < end)
    settle(transport_.wait(std::chrono::ceil<milliseconds>(end - clock_.tick())));
  if (!flights_.empty()) {
    transport_.abort_all();
    settle(transport_.wait(milliseconds(100)));
  }
  publish();
}

void DeliveryLoop::settle(const std::vector<Outcome>& outcomes) {
  for (const auto& outcome : outcomes) settle(outcome);
  record_arrived();
}

void DeliveryLoop::settle(const Outcome& outcome) {
  auto node = flights_.extract(outcome.ticket);
  if (node.empty()) return;
  Flight& flight = node.mapped();
  flying_.erase(flight.lane);
  leave(flight, outcome);
  const auto* unanswered = std::get_if<Unanswered>(&outcome.result);
  if (unanswered != nullptr && unanswered->why == Unanswered::Why::aborted) return;  // the page waits in the outbox
  judged(flight, outcome);
}

// The flight's place is free; what it says of the endpoint is noted.
void DeliveryLoop::leave(const Flight& flight, const Outcome& outcome) {
  slowed_flights_ -= flight.slowed ? 1 : 0;
  Endpoint& endpoint = endpoints_.at(flight.origin);
  --endpoint.flights;
  const auto* answered = std::get_if<Answered>(&outcome.result);
  const auto* unanswered = std::get_if<Unanswered>(&outcome.result);
  using Why = Unanswered::Why;
  // Refused by our own rules, or stopped by ourselves: that says nothing of the endpoint.
  const bool says_something =
      answered != nullptr || (unanswered->why != Why::refused_by_egress && unanswered->why != Why::aborted);
  if (says_something) {
    endpoint.pace.note(sign_of(answered ? answered->status : 0, unanswered && unanswered->why == Why::timeout),
                       clock_.tick());
  }
  release(flight.origin);
  if (!flight.slowed) return;
  for (const auto& origin : std::exchange(crowded_, {})) release(origin);
}

// Those that wait for a place there look again, as many as there are places.
void DeliveryLoop::release(const std::string& origin) {
  const auto at = endpoints_.find(origin);
  if (at == endpoints_.end()) return;
  Endpoint& endpoint = at->second;
  for (int places = endpoint.pace.window() - endpoint.flights; places > 0 && !endpoint.parked.empty(); --places) {
    const Lane lane = endpoint.parked.front();
    endpoint.parked.pop_front();
    parked_.erase(lane);
    wait_until(lane, clock_.tick());
  }
  if (endpoint.flights == 0 && endpoint.parked.empty() && endpoint.pace.at_rest()) endpoints_.erase(at);
}

}  // namespace vhookd
