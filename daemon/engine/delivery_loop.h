// The delivery loop: each webhook's first page goes out, the verdict is recorded, the next follows. Beside that
// line, and without a part in it, each webhook may have pages to be sent again. One thread runs the loop; notify
// may be called from any.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "config/config.h"
#include "core/clock.h"
#include "core/guarded.h"
#include "daemon/engine/delivery_observer.h"
#include "daemon/engine/engine_metrics.h"
#include "daemon/engine/outgoing.h"
#include "daemon/engine/retry_clock.h"
#include "delivery/pace.h"
#include "delivery/retry.h"
#include "delivery/transport.h"
#include "store/store.h"

namespace vhookd {

class DeliveryLoop {
 public:
  // `per_endpoint`: POSTs under way at once to one host and port, so that one that hangs leaves places for the
  // others. `slowed`: the same for all those together that have shown that they are overloaded or away.
  struct Bounds {
    int per_endpoint = 16;
    int slowed = 32;
  };
  struct Options {
    Bounds bounds;
    std::function<double()> random;  // [0, 1)
    std::function<std::string()> random_id;
  };
  // Everything passed by reference outlives the loop.
  DeliveryLoop(Store& store, Transport& transport, const Clock& clock, DeliveryObserver& observer, Options options)
      : store_(store), transport_(transport), clock_(clock), observer_(observer), options_(std::move(options)) {}

  // There may be something to send for this webhook.
  void notify(const std::string& id);

  // The delivery thread: takes turns until `stopping`, then drains.
  void run(const std::atomic<bool>& stopping);

  // One turn: starts what may go out, waits up to `timeout` for answers, records them; now and then removes kept pages
  // whose time is over.
  void turn(std::chrono::milliseconds timeout);
  // Starts nothing more; waits up to `timeout` for what is under way, then aborts it.
  void drain(std::chrono::milliseconds timeout);

  // When the next turn has something to start; may be in the past. None: nothing, unless something happens first.
  std::optional<Tick> next_due();
  // Nothing is under way or due, now or later.
  bool idle();
  // A turn was taken this recently: the loop is alive.
  Tick last_turn();

 private:
  struct Lane {
    std::string id;
    bool replay = false;
    auto operator<=>(const Lane&) const = default;
    std::string name() const { return replay ? id + "/replay" : id; }  // no id holds a /
  };
  // A page the receiver has taken and the state does not say so yet.
  struct Taken {
    std::int64_t number = 0;  // its sequence, or Replay::number
    Keep keep;
    bool elsewhere = false;
  };
  struct Flight {
    Lane lane;
    Parcel parcel;
    std::shared_ptr<const config::Webhook> webhook;
    Tick sent_at;
    std::string origin;
    bool slowed = false;  // counted among those
  };
  struct Endpoint {
    explicit Endpoint(int most) : pace(most) {}
    Pace pace;
    int flights = 0;
    std::deque<Lane> parked;  // for a place here
  };
  struct Published {
    std::set<std::string> notified;
    std::size_t busy = 0;  // flights and waits
    Tick last_turn;
  };

  void take_notified();
  void start_due();
  void start(const Lane& lane);
  Result<std::optional<Parcel>> next_parcel(const Lane& lane, const config::Webhook& webhook);
  bool has_place(const std::string& origin, const Lane& lane);
  void settle(const std::vector<Outcome>& outcomes);
  void settle(const Outcome& outcome);
  void leave(const Flight& flight, const Outcome& outcome);
  void release(const std::string& origin);
  void wait_until(const Lane& lane, Tick due);
  std::chrono::milliseconds wait_left(std::chrono::milliseconds timeout) const;
  void publish();
  void prune();

  // daemon/engine/verdicts.cc
  void judged(Flight& flight, const Outcome& outcome);
  void delivered(const Flight& flight);
  void record_arrived();
  void record_delivered(const Lane& lane);
  void recorded(const Lane& lane, const Result<void>& result);
  Result<void> act(const Flight& flight, const Outcome& outcome, const Attempt& attempt, const Verdict& verdict);
  Result<void> take_back(const Flight& flight, const std::string& text, const Attempt& attempt, const RetryAt& retry);
  Result<void> bury(const Flight& flight, const std::string& text, bool isolated);
  Result<void> halve_page(const Flight& flight, const std::string& text, const Attempt& attempt);
  Result<void> act_on_replay(const Flight& flight, const Outcome& outcome, const Attempt& attempt,
                             const Verdict& verdict);

  Store& store_;
  Transport& transport_;
  const Clock& clock_;
  DeliveryObserver& observer_;
  const Options options_;
  Guarded<Published> published_;
  // The loop's own.
  std::map<std::uint64_t, Flight> flights_;
  std::set<Lane> flying_;
  std::map<std::string, Endpoint> endpoints_;  // by origin; those that are at rest and idle are left out
  std::set<std::string> crowded_;              // slowed ones that wait for a place among the slowed
  int slowed_flights_ = 0;
  std::map<std::string, RateLimit> rates_;  // by webhook, those that have one
  std::set<Lane> parked_;
  std::map<Lane, Tick> waiting_;           // next attempt; not flying, not parked
  std::set<std::pair<Tick, Lane>> queue_;  // the same, by time
  RetryClock retry_clock_;                 // by Lane::name
  // They are not sent again while this process lives: a full disk must not make a receiver get the same page every
  // second.
  std::map<Lane, Taken> unrecorded_;
  std::vector<Lane> arrived_;  // those of them that are to be recorded together, with one fsync
  std::uint64_t next_ticket_ = 1;
  Tick pruned_{};
};

}  // namespace vhookd
