// The looks at whole databases that let idle webhooks leave out their polls (scheduler/detect/idle.h): one answer
// serves all webhooks of a database that come due soon after. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "connectors/connector.h"
#include "core/clock.h"
#include "core/mutex.h"
#include "core/shared.h"

namespace vhookd {

class IdleProbes {
 public:
  struct Seen {
    Shared<std::string> token;
    Instant asked_at;  // all committed by then is behind the token
    Tick tick;
  };

  IdleProbes(Connect connect, ConnectOptions options, const Clock& clock)
      : connect_(std::move(connect)), options_(options), clock_(clock) {}

  // Asks `source`, which is of that database, or the one held open for it. None: the database can't tell, or
  // the question failed, which the poll to follow will say better.
  std::optional<Seen> ask(const config::Database& database, Source& source);

  // The last answer, where it is not older than `age`.
  std::optional<Seen> recent(const config::Database& database, Micros age);

 private:
  // Stays open between probes, because its tokens compare only with one another.
  struct HeldSession {
    std::unique_ptr<Source> session;
    std::uint64_t number = 0;  // of this session among those held one after the other
  };
  struct Entry {
    Mutex mutex;
    ConditionVariable answered;
    bool asking GUARDED_BY(mutex) = false;  // somebody uses the held session, without the lock; others wait
    HeldSession held GUARDED_BY(mutex);
    std::optional<Seen> seen GUARDED_BY(mutex);
  };

  Entry& entry_of(const config::Database& database);
  std::optional<std::string> read(HeldSession& held, const config::Database& database) const;

  Connect connect_;
  ConnectOptions options_;
  const Clock& clock_;
  Mutex mutex_;
  std::map<std::string, std::unique_ptr<Entry>> entries_ GUARDED_BY(mutex_);  // an entry stays where it is
};

}  // namespace vhookd
