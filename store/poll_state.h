// Role of the store: where each poll continues, which rows are known, and the history of runs.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "core/known.h"
#include "core/page.h"
#include "core/run.h"
#include "store/webhook_records.h"

namespace vhookd {

// The result of one poll, or of a part of a long one. Stored whole or not at all. `remember` is applied before
// `forget` and `forget_below`.
struct PollCommit {
  std::string webhook_id;
  std::uint64_t epoch = 1;  // greater than the stored one: a new epoch begins without known rows; never less
  std::string fingerprint;
  std::string checkpoint;
  std::vector<Page> pages;                   // sequences continue from next_sequence without a gap
  std::vector<KnownRow> remember;            // replaces rows with the same key
  std::vector<std::string> forget;           // keys; unknown ones are no error
  std::optional<std::int64_t> forget_below;  // forgets known rows with a smaller mark
  bool no_ranges = false;                    // first forgets all ranges of the known rows
  std::vector<KnownRange> ranges;            // then stores these, in this order, by their first keys
  std::vector<std::string> dropped_ranges;   // then forgets those with these first keys
  std::optional<Run> run;                    // set on the last part; at most 50 runs are kept
  bool complete = false;                     // the whole table was checked: checked_at = at
  std::int64_t renumbered = 0;               // WebhookState::renumbered when the poll began; later splits move `pages`
  Instant at;
};

// Known rows are those of the webhook's current epoch; keys are compared as bytes (memcmp).
// Results, errors and threads: store/store.h.
class PollState {
 public:
  virtual ~PollState() = default;

  // The state a poll begins from; created with defaults if there is none.
  virtual Result<WebhookState> webhook(const std::string& id) = 0;
  // give_up: a sequence or the epoch does not continue what is stored; nothing was changed.
  virtual Result<void> commit(const PollCommit& part) = 0;
  // A run that failed and leaves nothing else behind.
  virtual Result<void> record_run(const std::string& id, const Run& run) = 0;
  // Newest first, at most 50.
  virtual Result<std::vector<Run>> runs(const std::string& id) = 0;
  // Checks that found nothing and leave nothing else behind: checked_at moves forward, never back. Ids without state
  // are skipped.
  virtual Result<void> checked(const std::vector<std::pair<std::string, Instant>>& checks) = 0;

  // For each key, in the order of `keys`, the known row with that key or none. Best given in key order: rows are
  // stored in that order, and each stored block is read once for a run of ascending keys.
  virtual Result<std::vector<std::optional<KnownRow>>> known(const std::string& id,
                                                             std::span<const std::string> keys) = 0;
  // In key order, at most `limit` rows with a key not less than `from`; an empty `from` starts at the first. The
  // least key after K is K followed by a zero byte.
  virtual Result<std::vector<KnownRow>> known_from(const std::string& id, const std::string& from, int limit) = 0;
  virtual Result<std::int64_t> known_count(const std::string& id) = 0;
  // All ranges, by first key.
  virtual Result<std::vector<KnownRange>> known_ranges(const std::string& id) = 0;
};

}  // namespace vhookd
