// One webhook's poll from the moment it is due: whether it has to be made at all, on which session, and as which
// configuration. Knows nothing of other webhooks, nor of when they are due. Thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "config/config.h"
#include "connectors/connector.h"
#include "core/clock.h"
#include "core/shared.h"
#include "daemon/engine/idle_probes.h"
#include "daemon/engine/poll_observer.h"
#include "daemon/engine/poller.h"
#include "daemon/engine/probe_cache.h"
#include "daemon/engine/session_pool.h"

namespace vhookd {

// A poll that is due.
struct DuePoll {
  std::string id;
  std::shared_ptr<const config::Webhook> webhook;
  // As the last whole poll was made, where by this process; it is polled so once more before an epoch ends.
  std::shared_ptr<const config::Webhook> polled_as;
  PollRequest request;
  Shared<std::string> token;    // taken before the last poll, which was whole; empty: there is none
  bool probes_for_idle = true;  // asks whether anything was committed since
};

// What it came to: left out, because nothing was committed since the last one …
struct LeftOut {
  Instant asked_at;
  Tick tick;
};
// … or made.
struct PollMade {
  PollOutcome outcome;
  Shared<std::string> token;  // taken before the poll's view began; empty: there is none
};

class PollRunner {
 public:
  // Everything passed by reference outlives the runner. `poller`: its probe cache is the runner's.
  struct Parts {
    PollState& polls;
    const Clock& clock;
    Connect connect;
    ConnectOptions connect_options;
    Poller::Options poller;
  };
  PollRunner(const Parts& parts, PollObserver& observer);

  // Where an answer of the database that another webhook got lately is enough. Asks no database.
  std::optional<LeftOut> leave_out(const DuePoll& due);
  // Takes as long as the database does.
  std::variant<LeftOut, PollMade> run(const DuePoll& due);

 private:
  PollOutcome not_reached(const Error& error, Tick began) const;
  PollOutcome poll(const config::Webhook& webhook, const PollRequest& request);
  PollOutcome poll_on(SessionPool::Lease& lease, const config::Webhook& webhook, const PollRequest& request);
  std::optional<PollOutcome> end_epoch(const DuePoll& due);

  const Clock& clock_;
  PollObserver& observer_;
  SessionPool sessions_;
  IdleProbes idle_probes_;
  ProbeCache probe_cache_;
  Poller poller_;
};

// The database could not be reached at all, or was lost.
bool is_unreachable(const PollOutcome& outcome);

}  // namespace vhookd
