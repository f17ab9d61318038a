// What this process knows of one webhook from its polls, and what follows for its next one. Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "config/config.h"
#include "core/clock.h"
#include "core/run.h"
#include "core/shared.h"
#include "daemon/engine/control.h"
#include "daemon/engine/engine_metrics.h"
#include "daemon/engine/poll_runner.h"

namespace vhookd {

// As it is shown.
struct PollView {
  std::string strategy;                   // empty before the first poll
  Tick since;                             // since when it is polled
  std::optional<Tick> due;                // none: it is not polled
  std::optional<Tick> last_complete;      // last complete check
  std::optional<Instant> checked_before;  // the one before this process, as the state had it
  std::optional<Instant> idle_at;         // the last check, where it is newer than the state's
  bool outbox_full = false;               // polling waits for room
  std::string outage;                     // why its database, on which it waits, can't be reached; empty: it can
  std::optional<FirstSync> first_sync;    // while it is under way
  WebhookMetrics counted;                 // of polls alone
};

class PollRecord {
 public:
  // A new webhook, or another configuration: what was found out about its table does not count any more.
  // `checked_at`: as the state has it.
  void configure(std::shared_ptr<const config::Webhook> webhook, std::optional<Instant> checked_at);
  const config::Webhook& webhook() const { return *webhook_; }  // REQUIRES: configured
  void polled_since(Tick now) { since_ = now; }

  void release_next() { release_ = true; }  // the next poll ignores hold_if_changed_over

  // A poll begins. `whole`: it is not left out, and looks at all rows.
  DuePoll begin(Tick now, bool whole);
  // The poll that began last ended, in one of three ways.
  void left_out(const LeftOut& idle);
  void made(const DuePoll& due, const PollMade& made, Tick now);
  void refused(const Run& run);  // there was no room in the outbox

  // Sets whether polling waits for room in the outbox. True: this is news.
  bool wait_for_room(bool waits);
  bool waits_for_room() const { return outbox_full_; }

  // Part of the first sync was committed, see PollObserver.
  void progressed(std::int64_t rows, std::optional<std::int64_t> expected, Tick now);

  // The last check, where the state does not know of it yet; the state gets it now.
  std::optional<Instant> take_unsaved_check();

  // Somebody waits for a whole run that begins from now on: it has ended when runs_ended() is the number returned.
  std::uint64_t await_run();
  std::uint64_t runs_ended() const { return runs_ended_; }
  std::optional<Run> awaited_run();  // ends the wait; the latest run, where one ended meanwhile

  PollView view() const;  // without due and outage

 private:
  struct Progress {
    std::int64_t rows = 0;
    std::optional<std::int64_t> expected;
    Tick began;
    Tick last;  // when the rows were last counted up: while polling waits, the rate does not sink
  };

  void note_run(const Run& run);

  std::shared_ptr<const config::Webhook> webhook_;
  std::shared_ptr<const config::Webhook> polled_as_;  // DuePoll::polled_as
  std::string strategy_;
  // What lets polls be left out (scheduler/detect/idle.h).
  Shared<std::string> token_;       // DuePoll::token
  std::optional<Instant> idle_at_;  // PollView::idle_at
  bool idle_unsaved_ = false;       // the state does not know of it
  bool by_commits_alone_ = true;    // not known before the first poll
  bool busy_ = false;  // the last poll found records, quickly: the next is likely to, and does not probe first
  bool release_ = false;
  bool asked_ = false;
  bool outbox_full_ = false;
  int awaited_ = 0;                // so many wait for a run to end,
  std::unique_ptr<Run> last_run_;  // and get this one
  std::uint64_t runs_begun_ = 0;
  std::uint64_t runs_ended_ = 0;
  Tick began_;  // the latest poll
  Tick since_;
  std::unique_ptr<Progress> first_sync_;
  std::optional<Tick> last_complete_;
  std::optional<Instant> checked_before_;
  WebhookMetrics counted_;
};

}  // namespace vhookd
