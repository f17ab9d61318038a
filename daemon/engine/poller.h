// One poll of one webhook, from source to store: drives a method (scheduler/detect/driver.h) and commits what it
// gathers, part by part. Thread-safe: polls of different webhooks may run at once.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "config/config.h"
#include "core/clock.h"
#include "core/run.h"
#include "core/source.h"
#include "daemon/engine/poll_observer.h"
#include "daemon/engine/probe_cache.h"
#include "scheduler/detect/method.h"
#include "scheduler/detect/plan.h"
#include "store/poll_state.h"

namespace vhookd {

struct PollOutcome {
  Run run;
  bool complete = false;                // the whole table was looked at
  bool more = false;                    // to be polled again at once
  bool no_room = false;                 // cut short by a full outbox: the rest is read when there is room
  Recourse recourse = Recourse::retry;  // where the run failed
  bool at_database = false;             // it failed at the database, not at the store
  std::int64_t rows_read = 0;           // handed over by the database, hashes of ranges among them
  std::string strategy;                 // empty: it failed before one was chosen
  std::string held;                     // why nothing was sent though much changed; empty: not held
  bool epoch_ends = false;              // nothing was asked: the configuration before is to be polled once more
  bool by_commits_alone = false;        // scheduler/detect/idle.h can tell that there is nothing to poll
  std::string token;                    // the idle probe's, as of the last view; empty: the poll gave none
  bool up_to_date = false;              // until something is committed, another poll finds nothing
};

struct PollRequest {
  bool release = false;               // send although more than hold_if_changed_over has changed
  bool whole = false;                 // look at all rows: no poll of a range (scheduler/detect/xid/xid_narrowing.h)
  bool can_end_epoch = false;         // the configuration of the last poll is known, see epoch_ends
  std::optional<Instant> checked_at;  // of the last check, where the state does not know of it yet
};

class Poller {
 public:
  // How large what is gathered grows; none: as PageStyle and Plan have it. The simulation takes small ones, so
  // that a few rows show every border.
  struct Sizes {
    std::optional<std::size_t> part_bytes;
    std::optional<std::size_t> part_known_rows;
    std::optional<std::int64_t> range_rows;
  };
  struct Options {
    std::function<std::string()> random_id;
    // Answers questions that hold for a whole server; null: each poll asks its own session.
    ProbeCache* probe_cache = nullptr;
    // A view of the database is left this long after its first row where the poll can go on in another: an old view
    // keeps the server from cleaning up behind it.
    Micros longest_view = std::chrono::seconds(30);
    // Parts are committed on a thread of their own while the next one is read.
    bool commit_concurrently = false;
    Sizes sizes;
  };
  // Everything passed by reference outlives the poller.
  Poller(PollState& polls, const Clock& clock, PollObserver& observer, Options options)
      : polls_(polls), clock_(clock), observer_(observer), options_(std::move(options)) {}

  PollOutcome poll(const config::Webhook& webhook, Source& source, const PollRequest& request);

 private:
  struct Job;
  Result<void> prepare(Job& job);
  Result<void> make_plan_for(Job& job);
  void open_epoch(Job& job);
  Result<void> hold(Job& job);
  class Watch;
  Result<void> converse(Job& job, Method& method, PageBuilder& builder, bool keep);
  Result<void> settle(Job& job) const;
  Result<void> commit(Job& job, Part part, bool beside);
  Result<void> finish(Job& job, const Method& method, PageBuilder& builder);
  PageBuilder page_builder(const Job& job) const;
  KnownRows known_rows(Job& job);

  PollState& polls_;
  const Clock& clock_;
  PollObserver& observer_;
  const Options options_;
};

}  // namespace vhookd
