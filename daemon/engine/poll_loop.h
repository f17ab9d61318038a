// Polls webhooks as they come due: when each is (scheduler/timetable.h), which worker takes it, what a database that
// can't be reached means for the others that use it, and what is known of each webhook from its polls. One poll itself
// is poll_runner.h's. Thread-safe. Under its lock nothing is logged, written or asked.
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/mutex.h"
#include "daemon/engine/delivery_loop.h"
#include "daemon/engine/engine_context.h"
#include "daemon/engine/poll_observer.h"
#include "daemon/engine/poll_record.h"
#include "daemon/engine/poll_runner.h"
#include "scheduler/timetable.h"

namespace vhookd {

class PollLoop final : public PollObserver {
 public:
  // `polls`: under way at once.
  PollLoop(const EngineContext& context, DeliveryLoop& deliveries, const PollRunner::Parts& runner, int polls);

  // -- Webhooks
  // New, or with another configuration: due at once. `checked_at`: as the state has it. `anew`: nothing known of an
  // earlier one of this id counts.
  void put(const RegisteredWebhook& registered, std::optional<Instant> checked_at, bool anew) EXCLUDES(mutex_);
  // Paused or resumed. `release`: its next poll ignores hold_if_changed_over.
  void update(const RegisteredWebhook& registered, bool release = false) EXCLUDES(mutex_);
  void remove(const std::string& id) EXCLUDES(mutex_);
  // Waits until no poll of it is under way, `longest` at most.
  void wait_until_idle(const std::string& id, Micros longest) EXCLUDES(mutex_);
  // Some of its pages left the outbox.
  void room_made(const std::string& id) EXCLUDES(mutex_);

  // Polls it now and waits for the run to end.
  enum class NoRun { not_polled, too_late, cancelled };
  std::expected<Run, NoRun> poll_now(const std::string& id, Micros longest) EXCLUDES(mutex_);

  PollView view(const std::string& id, Tick now) const EXCLUDES(mutex_);
  Tick last_step() const { return last_step_; }  // when a worker last made progress, with a poll or waiting for one

  // -- Running
  void run() EXCLUDES(mutex_);  // a worker: returns after stop()
  void stop() EXCLUDES(mutex_);
  // Writes the checks that found nothing to the state, which is done now and then anyhow.
  void save_checks() { save_checks(true); }

  // The single-threaded alternative to run(): polls the webhook that is longest due. None: nothing is due.
  struct Step {
    std::string id;
    std::optional<PollOutcome> outcome;  // none: the poll was left out, or had to wait for room
  };
  std::optional<Step> step() EXCLUDES(mutex_);
  std::optional<Tick> next_due() const EXCLUDES(mutex_);

  // Polls each webhook once and no more. Before the first put().
  void poll_each_once() { once_ = true; }
  void wait_for_end(Micros longest) EXCLUDES(mutex_);  // of a poll, whichever
  bool each_was_polled() const EXCLUDES(mutex_);
  bool any_failed() const EXCLUDES(mutex_);

  // -- PollObserver
  void pages_queued(const std::string& id) override { deliveries_.notify(id); }
  bool may_queue(const std::string& id) override EXCLUDES(mutex_);
  void progressed(const std::string& id, std::int64_t rows, std::optional<std::int64_t> expected) override
      EXCLUDES(mutex_);
  bool stopping() override { return stopping_; }
  void made_progress() override { last_step_ = context_.clock.tick(); }

 private:
  struct Entry {
    PollRecord record;
    std::uint64_t version = 0;  // RegisteredWebhook::version
    bool runs = false;          // it is in the timetable
  };

  // A database that could not be reached. One webhook alone tries it, after a back-off; the others that are due there
  // must not look healthy until their turn comes.
  struct Outage {
    int failed_in_a_row = 0;
    std::string error;  // of the last attempt
  };

  std::optional<DuePoll> wait_for_due() EXCLUDES(mutex_);
  DuePoll take(const std::string& id) REQUIRES(mutex_);
  void hand_over() EXCLUDES(mutex_);
  std::optional<PollOutcome> poll(const DuePoll& due);
  void left_out(const DuePoll& due, const LeftOut& idle) EXCLUDES(mutex_);
  void waits_for_room(const DuePoll& due) EXCLUDES(mutex_);
  void made(const DuePoll& due, const PollMade& made) EXCLUDES(mutex_);
  void report(const DuePoll& due, const PollOutcome& outcome);
  void hold_back(const std::string& id, const std::string& why);
  Entry* finished(const DuePoll& due, bool again) REQUIRES(mutex_);
  void reached(const config::Webhook& webhook) REQUIRES(mutex_);
  void unreachable(const config::Webhook& webhook, const std::string& error) REQUIRES(mutex_);
  void schedule(const std::string& id, Entry& entry, bool runs) REQUIRES(mutex_);
  void save_checks(bool all) EXCLUDES(mutex_);
  std::string outage_of(const Entry& entry, Tick now) const REQUIRES(mutex_);

  const EngineContext context_;
  DeliveryLoop& deliveries_;
  PollRunner runner_;
  bool once_ = false;
  std::atomic<bool> stopping_ = false;
  std::atomic<Tick> last_step_ = Tick{};

  mutable Mutex mutex_;
  ConditionVariable due_;                           // something is due, or a worker has to wait for what is; stopping
  ConditionVariable ended_;                         // a run ended, webhooks came or went; stopping
  std::optional<Tick> awaited_ GUARDED_BY(mutex_);  // a worker waits for what comes due then
  std::unordered_map<std::string, Entry> entries_ GUARDED_BY(mutex_);
  Timetable timetable_ GUARDED_BY(mutex_);
  std::map<std::string, Outage> outages_ GUARDED_BY(mutex_);  // by connection_key
  Tick checks_saved_ GUARDED_BY(mutex_);                      // when save_checks last did something
  std::set<std::string> once_left_ GUARDED_BY(mutex_);        // not polled yet
  bool once_failed_ GUARDED_BY(mutex_) = false;
};

}  // namespace vhookd
