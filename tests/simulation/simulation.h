// One run of the daemon from one seed.
//
// Inside, as the program has them: Engine with all its parts, driven by step() on one thread, and Store with a state.db
// of its own. From the seed: the database (MVCC, writers that commit in any order, sessions that break at any row), the
// receivers (errors, timeouts, answers lost after the page was taken, 410, 429, 503), the clock, the outbox's room, and
// where the daemon dies: between two rows of a poll, while a page is made, after a commit, with headers sent, before an
// answer is read, wherever it looks at the clock. What goes on at once in the program (polls, deliveries, writers)
// takes turns here, between any two rows.
//
// Not inside: threads, curl_transport, the databases and their SQL, the timestamp strategy (its model is in
// tests/scheduler), power loss below SQLite (a death ends after a whole transaction; see
// tests/store/sqlite/crash_test.cc). Those are under the tests of the whole program.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/engine/engine.h"
#include "store/store.h"
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

class Simulation {
 public:
  // `folder`: for the state; emptied at the end.
  Simulation(std::uint64_t seed, std::string folder, Lie lie = Lie::none);
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  // What was wrong; empty: nothing.
  std::vector<std::string> run();

  const Totals& totals() const { return totals_; }

 private:
  struct Death {};  // thrown wherever the daemon may die

  // The clock as the daemon sees it: it may die whenever it looks.
  class MortalClock final : public Clock {
   public:
    explicit MortalClock(Simulation& simulation) : simulation_(simulation) {}
    Instant now() const override;
    Tick tick() const override;

   private:
    Simulation& simulation_;
  };

  void begin_daemon();
  void end_daemon();
  void pass_server_time();
  void move();
  void poll_due();
  bool poll_next();
  void polled(const std::string& id, const PollOutcome& outcome);
  void perhaps_die(int per_million);
  void calm_down();
  void resume_paused();
  bool all_quiet();
  void judge();
  void judge_deletions();
  void complain(const std::string& text) { complaints_.push_back(text); }

  Dice dice_;
  std::string folder_;
  StandingClock clock_;
  MortalClock mortal_clock_{*this};
  Instant began_ = clock_.at;
  Database database_{dice_};
  Receivers receivers_{dice_, clock_};
  config::Config config_;
  // The daemon: what a death takes with it.
  std::unique_ptr<Store> store_;
  std::unique_ptr<Engine> engine_;
  bool mortal_ = false;       // it may die
  bool undisturbed_ = false;  // this seed has no faults: nothing may come twice
  std::uint64_t ids_ = 0;

  std::set<std::string> polled_;           // since the caller cleared it
  std::set<std::int64_t> there_;           // rows at the last whole poll for deletions
  std::map<std::int64_t, int> must_tell_;  // how many ends of each row at the least
  Totals totals_;
  std::vector<std::string> complaints_;
};

}  // namespace vhookd::simulation
