// Role of the store: the webhooks it has state for, their pause and their health.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/error.h"

namespace vhookd {

// What is stored of one webhook, together with the figures of its outbox. State depends on the id alone: a webhook
// that is removed from the configuration and put back under the same id continues where it was.
struct WebhookState {
  std::string id;
  std::uint64_t epoch = 1;          // counts deliberate new starts
  std::string fingerprint;          // of what the epoch depends on; empty: never polled
  std::string checkpoint;           // opaque to the store; scheduler/detect writes and reads it
  std::uint64_t next_sequence = 1;  // of the next page to be queued
  bool paused = false;              // by the operator or by a 410; independent of is_paused in the YAML
  std::string paused_because;       // empty unless it was paused for a reason found by vhookd
  bool healthy = true;
  std::string last_error;  // empty when healthy
  int failed_in_a_row = 0;
  std::optional<Instant> checked_at;        // last complete check
  std::optional<Instant> last_delivery_at;  // last 2xx
  Instant created_at;
  Instant updated_at;  // last change of configuration, pause or health
  std::int64_t queued_pages = 0;
  std::int64_t queued_bytes = 0;
  std::int64_t dead_pages = 0;
  std::int64_t dead_bytes = 0;
  std::int64_t holding_pages = 0;  // dead pages that may hold up the pages after them
  std::int64_t kept_pages = 0;     // delivered and kept for replay
  std::int64_t kept_bytes = 0;
  std::int64_t replay_pages = 0;  // requested for replay and not sent again yet
  std::int64_t renumbered = 0;    // sum by which splits have shifted the numbers of unsent pages
};

// Results, errors and threads: store/store.h.
class WebhookRecords {
 public:
  virtual ~WebhookRecords() = default;

  // Creates state with defaults for those ids that have none, in one commit.
  virtual Result<void> make(std::span<const std::string> ids) = 0;
  // States of those ids that have one, in the order of `ids`. Creates none.
  virtual Result<std::vector<WebhookState>> list(std::span<const std::string> ids) = 0;
  // Creates the state if there is none. `because` is stored only when `paused` is true.
  virtual Result<void> set_paused(const std::string& id, bool paused, const std::string& because) = 0;
  virtual Result<void> set_health(const std::string& id, bool healthy, int failed_in_a_row,
                                  const std::string& last_error) = 0;
  // Its configuration changed: sets updated_at. Creates the state if there is none.
  virtual Result<void> touch(const std::string& id) = 0;
  // Removes all state of the webhook, its pages and its definition too. The webhook itself goes first, in one commit;
  // known rows and pages follow in bounded parts. An id without state is no error.
  virtual Result<void> forget(const std::string& id) = 0;
};

}  // namespace vhookd
