// Answers that hold for all webhooks of a server for a moment: what is under way there. InnoDB renews what it shows of
// that only where nobody has looked for 100 ms, so few must look.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/clock.h"
#include "core/mutex.h"
#include "core/source.h"

namespace vhookd {

// Asks; where the first value of the answer is NULL, what the server shows is old, and it is asked again after a pause
// that lets it renew, twice at most.
Result<void> look_for_what_is_new(Source& source, const Question& question, const OnRow& on_row);

// Thread-safe.
class ProbeCache {
 public:
  explicit ProbeCache(const Clock& clock) : clock_(clock) {}

  // The answer to the same question of the same server by the same role, where it is not older than a second; else asks
  // `source`, as above, while others who want to know wait for what it says. A refusal is an answer too; other errors
  // are not kept.
  Result<void> look(const config::Database& database, Source& source, const Question& question, const OnRow& on_row);

 private:
  struct Entry {
    Mutex mutex;
    ConditionVariable answered;
    bool asking GUARDED_BY(mutex) = false;        // somebody asks, without the lock; others wait for `answered`
    std::size_t question GUARDED_BY(mutex) = 0;   // its index
    std::optional<Tick> asked GUARDED_BY(mutex);  // none: not yet
    Result<std::vector<std::vector<Param>>> rows GUARDED_BY(mutex);
  };

  Entry& entry_of(const config::Database& database);

  const Clock& clock_;
  Mutex mutex_;
  std::map<std::string, std::unique_ptr<Entry>> entries_ GUARDED_BY(mutex_);  // an entry stays where it is
};

}  // namespace vhookd
