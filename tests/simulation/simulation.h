// One run of the daemon from one seed.
//
// Inside, as the program has them: Poller with the strategies, plans and pages, Store with a state.db of its own,
// Dispatcher with the retry policy, Timetable, SessionPool. From the seed: the database (MVCC, writers that commit in
// any order, sessions that break at any row), the receivers (errors, timeouts, answers lost after the page was taken,
// 410, 429, 503), the clock, the outbox's room, and where the daemon dies: between two rows of a poll, while
// a page is made, after a commit, with headers sent, before an answer is read. What goes on at once in the program
// (polls, deliveries, writers) takes turns here, between any two rows.
//
// Not inside: Engine with its threads and reload (its part between those classes is played here), curl_transport, the
// databases and their SQL, the timestamp strategy (its model is in tests/scheduler), power loss below SQLite (a
// death ends after a whole transaction; see tests/store/sqlite/crash_test.cc). Those are under the tests of the whole
// program.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "daemon/engine/dispatcher.h"
#include "daemon/engine/poller.h"
#include "daemon/engine/session_pool.h"
#include "scheduler/timetable.h"
#include "tests/simulation/database.h"
#include "tests/simulation/receiver.h"

namespace vhookd::simulation {

// What is broken on purpose, to see that it is found.
enum class Lie {
  none,
  snapshot_hides_running,  // xid then is a plain cursor over transaction numbers
  receiver_swallows,       // pages answered with 200 that never arrived
};

struct Totals {
  std::int64_t polls = 0, failed_polls = 0, pages = 0, deaths = 0;
};

class Simulation final : public PollObserver {
 public:
  // `folder`: for the state; emptied at the end.
  Simulation(std::uint64_t seed, std::string folder, Lie lie = Lie::none);
  ~Simulation() override;

  // What was wrong; empty: nothing.
  std::vector<std::string> run();

  const Totals& totals() const { return totals_; }

 private:
  struct Death {};  // thrown wherever the daemon may die

  // The daemon: what a death takes with it.
  struct Daemon {
    std::unique_ptr<Store> store;
    std::unique_ptr<SessionPool> sessions;
    std::unique_ptr<Poller> poller;
    std::unique_ptr<Dispatcher> dispatcher;
    Timetable timetable{2};
  };

  // PollObserver
  void pages_queued(const std::string& id) override;
  bool may_queue(const std::string& id) override;
  void progressed(const std::string&, std::int64_t, std::optional<std::int64_t>) override {}
  bool stopping() override { return false; }
  void made_progress() override { perhaps_die(); }

  void begin_daemon();
  void pass_server_time();
  void move();
  void poll_due();
  PollOutcome poll(const config::Webhook& webhook);
  void polled(const config::Webhook& webhook, const PollOutcome& outcome);
  void perhaps_die();
  void calm_down();
  void resume_paused();
  bool all_quiet();
  void judge();
  void judge_deletions();
  bool is_paused(const std::string& id);
  const config::Webhook& webhook(const std::string& id) const;
  void complain(const std::string& text) { complaints_.push_back(text); }

  Dice dice_;
  std::string folder_;
  StandingClock clock_;
  Instant began_ = clock_.at;
  Database database_{dice_};
  Receivers receivers_{dice_, clock_};
  std::vector<config::Webhook> webhooks_;
  Daemon daemon_;
  bool mortal_ = false;       // it may die
  bool undisturbed_ = false;  // this seed has no faults: nothing may come twice
  bool in_poll_ = false;
  std::int64_t outbox_bytes_ = 0;
  std::uint64_t ids_ = 0;

  std::set<std::int64_t> there_;           // rows at the last whole poll for deletions
  bool watched_ = false;                   // there was one
  std::map<std::int64_t, int> must_tell_;  // how many ends of each row at the least
  Totals totals_;
  std::vector<std::string> complaints_;
};

}  // namespace vhookd::simulation
