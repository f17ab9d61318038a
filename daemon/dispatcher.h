// The delivery loop: each webhook's first page goes out, the verdict is recorded, the next follows. One
// thread runs it; notify and forget may be called from any.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "config/config.h"
#include "core/clock.h"
#include "core/guarded.h"
#include "daemon/patience.h"
#include "daemon/tally.h"
#include "delivery/transport.h"
#include "scheduler/retry.h"
#include "store/store.h"

namespace vhookd {

class Dispatcher {
 public:
  struct Hooks {
    // The webhook's configuration where pages may go out for it now; null: paused, held or gone.
    std::function<std::shared_ptr<const config::Webhook>(const std::string& id)> sendable;
    std::function<void(const std::string& id)> delivered;
    // `lasting`: nothing more is tried by itself (410, retries spent).
    std::function<void(const std::string& id, const std::string& error, bool lasting)> failed;
    // Each attempt that came to an end. `waited`: since the page was queued, where it was delivered.
    std::function<void(const std::string& id, Attempted outcome, Micros took, std::optional<Micros> waited)> attempted;
    std::function<double()> random;  // [0, 1)
  };
  // `per_host`: POSTs under way at once to one host, so that a host that hangs leaves places for the others.
  Dispatcher(Store& store, Transport& transport, const Clock& clock, int per_host, Hooks hooks)
      : store_(store), transport_(transport), clock_(clock), per_host_(per_host), hooks_(std::move(hooks)) {}

  // There may be something to send for this webhook.
  void notify(const std::string& id);

  // One turn: starts what may go out, waits up to `patience` for answers, records them.
  void turn(std::chrono::milliseconds patience);
  // Starts nothing more; waits up to `patience` for what is under way, then aborts it.
  void drain(std::chrono::milliseconds patience);

  // Nothing is under way or due, now or later.
  bool idle();
  // A turn was taken this recently: the loop is alive.
  Tick last_turn();

 private:
  struct Flight {
    std::string id;
    QueuedPage page;
    std::shared_ptr<const config::Webhook> webhook;
    Tick sent_at;
    std::string host;
  };
  struct Shared {
    std::set<std::string> notified;
    std::size_t busy = 0;  // flights and waits
    Tick last_turn;
  };

  void take_notified();
  void start_due();
  void start(const std::string& id);
  void settle(const Outcome& outcome);
  void judged(Flight& flight, const Outcome& outcome);
  void record_delivered(const std::string& id);
  void wait_until(const std::string& id, Tick due);
  std::chrono::milliseconds patience_left(std::chrono::milliseconds patience) const;
  void publish();

  Store& store_;
  Transport& transport_;
  const Clock& clock_;
  const int per_host_;
  Hooks hooks_;
  Guarded<Shared> shared_;
  // The loop's own.
  std::map<std::uint64_t, Flight> flights_;
  std::set<std::string> flying_;
  Patience patience_;
  std::map<std::string, int> hosts_;              // flights to each host
  std::map<std::string, Tick> waiting_;           // next attempt; not flying
  std::set<std::pair<Tick, std::string>> queue_;  // the same, by time
  // Sequences of pages the receiver has taken and the state does not say so yet. They are not sent again while
  // this process lives: a full disk must not make a receiver get the same page every second.
  std::map<std::string, std::uint64_t> unrecorded_;
  std::uint64_t next_ticket_ = 1;
};

}  // namespace vhookd
