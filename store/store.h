// The only durable state of the daemon: checkpoints, outbox, runs, known rows. One SQLite file,
// state.db, in the state folder; one connection, WAL, synchronous=FULL; the formats of its tables are
// documented in store/sqlite/schema.h. Its face is free of SQLite's types.
//
// Thread-safe: every call takes the one lock; writes of several threads share a transaction and its fsync
// (store/sqlite/committer.h). A call that returns ok is on disk.
// Errors: retry (disk full, busy: the same call may work later; nothing was changed), ask_operator
// (read-only, corrupt, newer schema, in use by another daemon; the text says which and the mend), give_up
// (the call contradicts what is stored, a fault of ours; nothing was changed).
// An id without state: webhook, make, set_paused and touch make it, other reads find nothing, other writes give
// up; so a poll or an attempt that ends after forget_webhook can't bring half a webhook back.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
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
  std::int64_t dead_bytes = 0;
  std::int64_t holding_pages = 0;  // of the dead ones, those that what follows may wait for
  std::int64_t kept_pages = 0;     // delivered and kept for replay
  std::int64_t kept_bytes = 0;
  std::int64_t replay_pages = 0;  // asked for by replay, not sent again yet
  std::int64_t renumbered = 0;    // by how much splits have moved the numbers of pages not sent yet
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
  std::int64_t renumbered = 0;              // the state's when the poll began: splits since then move its pages too
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
  int rejections = 0;      // attempts in a row that the receiver refused for what the page holds
  bool part = false;       // came of a split
  bool replayed = false;   // was dead, and is sent again because somebody asked
};

// How the attempts of a queue's first page stand, where one has failed.
struct Retrying {
  std::uint64_t sequence = 0;
  int attempts = 0;
  Instant not_before;  // next attempt
  std::string error;   // of the last one
};

struct DeadPage {
  std::string webhook_id;
  Page page;
  int attempts = 0;
  Instant queued_at;
  Instant died_at;
  std::string error;  // the last answer
};

// How dead pages stand to those that follow. isolated: the one record a receiver refuses, found by splitting;
// its number goes to the next page, so that those taken are numbered without a gap.
enum class Death { holding, passed_over, isolated };

// How long and how much of what was delivered is kept for replay. bytes of one webhook and in all; where one
// of them is 0 nothing is kept.
struct Keep {
  std::chrono::milliseconds time{0};
  std::int64_t bytes = 0;
  std::int64_t bytes_in_all = 0;
};

// A 2xx for a page of the queue.
struct Receipt {
  std::string webhook_id;
  std::uint64_t sequence = 0;
  Keep keep;
};

// Which pages a replay sends again: delivered ones that are kept, or the dead. `since`: delivered, or died, then
// or later.
struct ReplayRange {
  bool dead = false;
  std::optional<std::uint64_t> from, to;  // sequences, both included
  std::optional<Instant> since;
};
struct Selected {
  int revived = 0;  // put back into the queue, which waited for them
  int queued = 0;   // to be sent beside the queue; those asked for before are not counted again
  int waiting = 0;  // asked for before and not sent yet
};

// A page on its way again.
struct Replay {
  std::int64_t number = 0;
  std::string url;  // empty: the webhook's own
  Page page;
  bool dead = false;
  int attempts = 0;
  std::optional<Instant> first_attempt_at;
  Instant not_before;
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
  Result<WebhookState> webhook(const std::string& id);           // made with defaults where new
  Result<void> make_webhooks(std::span<const std::string> ids);  // those without state, in one commit
  // Of those that have state, in this order.
  Result<std::vector<WebhookState>> webhooks(std::span<const std::string> ids);
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
  Result<std::optional<QueuedPage>> head(const std::string& id);    // lowest sequence not delivered, not dead
  Result<std::optional<Retrying>> retrying(const std::string& id);  // of the head; none where it was not tried yet
  Result<std::vector<std::string>> with_queue();                    // ids that have a head
  Result<std::int64_t> outbox_bytes();                              // bodies queued, in all
  Result<std::int64_t> outbox_pages();                              // how many those are
  // Each for itself, in the order given; in one transaction where all of them can be written.
  std::vector<Result<void>> delivered(std::span<const Receipt> receipts);
  Result<void> delivered(const std::string& id, std::uint64_t sequence, const Keep& keep = {});
  // `rejected`: for what the page holds (QueuedPage::rejections).
  Result<void> attempt_failed(const std::string& id, std::uint64_t sequence, Instant not_before,
                              const std::string& error, bool rejected = false);
  // The outcome of a last attempt: counts it, as attempt_failed does for the others.
  Result<void> page_died(const std::string& id, std::uint64_t sequence, const std::string& error,
                         Death death = Death::holding);
  // Puts two pages in the place of the queue's first; their sequences are its own and the next, those behind move
  // up by one. give_up where one behind was sent already and so cannot move; nothing was changed then.
  Result<void> split(const std::string& id, std::uint64_t sequence, const Page& first, const Page& second);
  Result<std::vector<DeadPage>> dead(const std::string& id);  // by sequence; bodies included
  Result<void> drop_dead(const std::string& id, const std::string& page_id);

  // -- Replay
  // Dead pages that what follows waits for go back into the queue, all others beside it.
  Result<Selected> replay(const std::string& id, const ReplayRange& selection, const std::string& url);
  Result<std::optional<Replay>> next_replay(const std::string& id);  // in the order they were asked for
  Result<std::vector<std::string>> with_replays();                   // ids that have one
  Result<void> replay_failed(std::int64_t number, Instant not_before, const std::string& error);
  // `keep`: for a dead page that went to the webhook's own URL and is delivered with that.
  Result<void> replayed(std::int64_t number, const Keep& keep);
  // Not to be sent after all: this one, or all of `id` to `url`; how many.
  Result<void> drop_replay(std::int64_t number);
  Result<int> drop_replays(const std::string& id, const std::string& url);
  Result<void> prune();  // kept pages whose time is over, a bounded part; delivered() does it too

  std::string path() const;  // of state.db

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace vhookd
