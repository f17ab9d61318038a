// A database for the simulation, behind the real interface of a session (connectors/sql/session.h): ModelPostgres
// (transactions, savepoints, commits in any order, snapshots) with writers that are moved on step by step, and sessions
// that break off at any row. It answers the questions of the xid and snapshot strategies from their shape and what they
// bind; it is no SQL engine.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>

#include "connectors/connector.h"
#include "tests/scheduler/detect/model_postgres.h"

namespace vhookd::simulation {

using Dice = std::mt19937_64;

inline bool chance(Dice& dice, int percent) {
  return static_cast<int>(dice() % 100) < percent;
}

class Database {
 public:
  explicit Database(Dice& dice) : dice_(dice) {}

  void write();   // one step of some writer
  void finish();  // every transaction ends
  void set_clock(Instant at) { model_.clock = at; }
  std::unique_ptr<Source> connect();

  const std::map<std::int64_t, testing::ModelRow>& rows() const { return model_.rows(); }
  const std::set<std::int64_t>& begun_with() const { return begun_with_; }  // rows in the view last begun

  std::map<std::int64_t, int> died;         // how often each row was deleted
  std::set<std::int64_t> touched;           // rows committed since the caller cleared it
  int faults = 0;                           // percent of calls that fail
  bool hides_running = false;               // a lie: the snapshot shows no transaction under way
  std::function<void()> meanwhile = [] {};  // called between rows: what other threads and sessions do

 private:
  class Session;

  std::string stamp(int transaction);
  void commit(int transaction);

  Dice& dice_;
  testing::ModelPostgres model_{1000};
  std::int64_t version_ = 0;
  std::set<std::int64_t> begun_with_;
};

}  // namespace vhookd::simulation
