// The only durable state of the daemon: checkpoints, outbox, runs, known rows. One SQLite file,
// state.db, in the state folder; one connection, WAL, synchronous=FULL; the formats of its tables are
// documented in store/schema.h. Its face is free of SQLite's types.
//
// Thread-safe: every call takes the one lock; writes of several threads share a transaction and its fsync
// (store/committer.h). A call that returns ok is on disk.
// Errors: retry (disk full, busy: the same call may work later; nothing was changed), ask_operator
// (read-only, corrupt, newer schema, in use by another daemon; the text says which and the mend), give_up
// (the call contradicts what is stored, a fault of ours; nothing was changed).
// An id without state: webhook, set_paused and touch make it, other reads find nothing, other writes give
// up; so a poll or an attempt that ends after forget_webhook can't bring half a webhook back.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "core/known.h"
#include "core/page.h"
#include "core/run.h"

namespace vhookd {

// What is remembered of a webhook. State hangs on its id alone.
struct WebhookState {
  std::string id;
  std::uint64_t epoch = 1;  // counts deliberate new starts
  std::string fingerprint;  // of what the epoch hangs on; empty: never polled
  std::string checkpoint;   // opaque here; scheduler/ writes and reads it
  std::uint64_t next_sequence = 1;
  bool paused = false;         // by the operator or a 410, beside is_paused of the YAML
  std::string paused_because;  // empty, or why it was paused by itself
  bool healthy = true;
  std::string last_error;  // empty when healthy
  int failed_in_a_row = 0;
  std::optional<Instant> checked_at;        // last complete check
  std::optional<Instant> last_delivery_at;  // last 2xx
  Instant created_at;
  Instant updated_at;  // last change of its configuration, pause or health
  std::int64_t queued_pages = 0;
  std::int64_t queued_bytes = 0;
  std::int64_t dead_pages = 0;
};

// What one poll, or a part of a long one, leaves behind. Taken whole or not at all; what is to be
// remembered is so before anything is forgotten.
struct PollCommit {
  std::string webhook_id;
  std::uint64_t epoch = 1;  // above the stored one: known rows of the old are dropped; never below it
  std::string fingerprint;
  std::string checkpoint;
  std::vector<Page> pages;                   // sequences follow on from next_sequence without a gap
  std::vector<KnownRow> remember;            // replaces what stands under the same key
  std::vector<std::string> forget;           // keys
  std::optional<std::int64_t> forget_below;  // also forgets known rows with mark < this
  bool no_ranges = false;                    // forgets all ranges of the known rows, before …
  std::vector<KnownRange> ranges;  // … these replace what stands under the same first key, in this order, and …
  std::vector<std::string> dropped_ranges;  // … those, by their first keys, are forgotten
  std::optional<Run> run;                   // set on the last part; trims the history to 50
  bool complete = false;                    // the check was whole: checked_at = at
  Instant at;
};

// A page in the outbox with what delivery needs to go on with it.
struct QueuedPage {
  std::string webhook_id;
  Page page;
  int attempts = 0;
  std::optional<Instant> first_attempt_at;
  Instant queued_at;
  Instant not_before;      // next attempt; the epoch for at once
  std::string last_error;  // of the last attempt; empty before the first
};

struct DeadPage {
  std::string webhook_id;
  Page page;
  int attempts = 0;
  Instant queued_at;
  Instant died_at;
  std::string error;  // the last answer
};

// A webhook made through the API: JSON with the configuration's keys; secrets only as references.
struct Definition {
  std::string id;
  std::string json;
};

class Store {
 public:
  // Opens or makes `folder`/state.db, takes the lock against a second daemon, migrates.
  // `exclusive` false: for reading beside a running daemon is not offered; ask the daemon instead.
  static Result<std::unique_ptr<Store>> open(const std::string& folder, const Clock& clock);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // -- Webhooks
  Result<WebhookState> webhook(const std::string& id);  // made with defaults where new
  Result<std::vector<WebhookState>> webhooks();         // all that have state, by id
  Result<void> set_paused(const std::string& id, bool paused, const std::string& because);
  Result<void> set_health(const std::string& id, bool healthy, int failed_in_a_row, const std::string& last_error);
  Result<void> touch(const std::string& id);                            // its configuration changed: updated_at
  Result<void> forget_webhook(const std::string& id);                   // all of it, pages and definition too
  Result<void> define(const std::string& id, const std::string& json);  // takes the place of an earlier one
  Result<std::vector<Definition>> definitions();                        // in the order they were first made

  // -- Polls
  Result<void> commit(const PollCommit& part);
  Result<void> record_run(const std::string& id, const Run& run);  // one that failed and left nothing else
  Result<std::vector<Run>> runs(const std::string& id);            // newest first, at most 50
  // Checks that found nothing and left nothing else: checked_at moves forward. Ids without state are passed over.
  Result<void> checked(const std::vector<std::pair<std::string, Instant>>& checks);

  // -- Known rows of the webhook's current epoch
  Result<std::optional<KnownRow>> known(const std::string& id, const std::string& key);
  // In key order (memcmp), the first `limit` with key > after; an empty `after` is the start.
  Result<std::vector<KnownRow>> known_after(const std::string& id, const std::string& after, int limit);
  Result<std::int64_t> known_count(const std::string& id);
  Result<std::vector<KnownRange>> known_ranges(const std::string& id);  // all, by first key

  // -- Outbox
  Result<std::optional<QueuedPage>> head(const std::string& id);  // lowest sequence not delivered, not dead
  Result<std::vector<std::string>> with_queue();                  // ids that have a head
  Result<std::int64_t> outbox_bytes();                            // bodies queued, in all
  Result<void> delivered(const std::string& id, std::uint64_t sequence);
  Result<void> attempt_failed(const std::string& id, std::uint64_t sequence, Instant not_before,
                              const std::string& error);
  // The outcome of a last attempt: counts it, as attempt_failed does for the others.
  Result<void> page_died(const std::string& id, std::uint64_t sequence, const std::string& error);
  Result<std::vector<DeadPage>> dead(const std::string& id);           // by sequence; bodies included
  Result<void> revive(const std::string& id, std::uint64_t sequence);  // dead back into the queue, same id and body
  Result<void> drop_dead(const std::string& id, std::uint64_t sequence);

  std::string path() const;  // of state.db

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace vhookd
