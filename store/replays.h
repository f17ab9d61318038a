// Role of the store: pages sent again on request, and delivered pages kept for that.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "core/page.h"
#include "store/outbox.h"

namespace vhookd {

// Which pages are sent again: delivered ones that are kept, or dead ones.
struct ReplayRange {
  bool dead = false;
  std::optional<std::uint64_t> from, to;  // sequences, both inclusive
  std::optional<Instant> since;           // delivered, or died, then or later
};

// How many pages a request has selected.
struct Selected {
  int revived = 0;  // dead pages put back into the queue, which was held up by them
  int queued = 0;   // to be sent outside the queue; without those that were waiting already
  int waiting = 0;  // requested before and not sent yet
};

// A page to be sent again outside the queue.
struct Replay {
  std::int64_t number = 0;
  std::string url;  // empty: the webhook's own
  Page page;
  bool dead = false;
  int attempts = 0;
  std::optional<Instant> first_attempt_at;
  Instant not_before;
};

// A replay whose page was dropped meanwhile is no error. Results, errors and threads: store/store.h.
class Replays {
 public:
  virtual ~Replays() = default;

  // Dead pages that hold up their queue return to it; all others are sent outside the queue. `url` empty: the
  // webhook's own.
  virtual Result<Selected> request(const std::string& id, const ReplayRange& selection, const std::string& url) = 0;
  virtual Result<std::optional<Replay>> next(const std::string& id) = 0;  // in the order of the requests
  virtual Result<std::vector<std::string>> ids() = 0;                     // of the webhooks that have a replay
  virtual Result<void> attempt_failed(std::int64_t number, Instant not_before, const std::string& error) = 0;
  // `keep` applies to a dead page that was sent to the webhook's own URL: it is delivered now.
  virtual Result<void> delivered(std::int64_t number, const Keep& keep) = 0;
  virtual Result<void> drop(std::int64_t number) = 0;
  // All replays of `id` to `url`. Returns how many.
  virtual Result<int> drop_all(const std::string& id, const std::string& url) = 0;
  // Deletes a bounded number of kept pages whose time is over, except those waiting for a replay.
  virtual Result<void> prune() = 0;
};

}  // namespace vhookd
