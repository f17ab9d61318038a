// How long the first page of each webhook has been tried, and when it may be tried again, on the monotonic clock: the
// state keeps both as wall time, for a restart, but while the process lives a wall clock that jumps must neither
// make a page dead before its time nor let it wait for hours. Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/clock.h"
#include "store/store.h"

namespace vhookd {

class RetryClock {
 public:
  // `page` is the first of its webhook's queue. What the state says of it counts where this process has not seen
  // the page before; no wait is longer than a day, the longest there can be.
  void see(const QueuedPage& page, Instant now, Tick tick);

  // The three below: REQUIRES: the webhook's page was seen, and not forgotten.
  Tick not_before(const std::string& id) const { return trials_.at(id).not_before; }
  // As it would stand had the wall clock always gone as it goes now. `sent_at`: the start of the attempt that has
  // just ended, for a page that was not tried before.
  Instant first_attempt_at(const std::string& id, Tick sent_at, Instant now, Tick tick) const;
  // An attempt has failed.
  void wait(const std::string& id, Tick sent_at, Tick until);

  void forget(const std::string& id) { trials_.erase(id); }

 private:
  struct Trial {
    std::uint64_t sequence = 0;
    Tick not_before;
    bool tried = false;
    Tick first_attempt;
  };
  std::map<std::string, Trial> trials_;
};

}  // namespace vhookd
