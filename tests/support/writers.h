// A busy application: many connections that insert, change, move and delete rows in transactions of every
// shape a change feed may trip over, and a journal of what was committed when.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "tests/support/sql_session.h"

namespace vhookd::testing {

// Two tables of the same shape: id (key), v (no other write has the same), note (says v again),
// created_at, updated_at. In `things` a change may leave updated_at alone; in `stamped` each one moves it.
constexpr const char* written_tables[] = {"things", "stamped"};

// A key's lives, as the commits tell: it was there for sure between `after` of a birth and `before` of the death.
class Journal {
 public:
  struct Event {
    bool born = false;
    Instant before, after;  // the commit was sent, the commit was answered
  };
  using Key = std::pair<std::string, std::int64_t>;  // table, id

  void add(const Key& key, Event event);
  // The events of each key in the order of their commits.
  std::map<Key, std::vector<Event>> lives() const;

 private:
  mutable std::mutex mutex_;
  std::map<Key, std::vector<Event>> events_;
};

struct WriterOptions {
  std::string server;  // as Shop::open has it
  int connections = 14;
  std::uint64_t seed = 1;
  bool plain = false;  // every stamp is the server's own, no transaction is prepared: for the control
};

struct WriterCounts {
  std::atomic<std::int64_t> commits = 0, rolled_back = 0, refused = 0, rows = 0, savepoints = 0, prepared = 0, slow = 0;
};

class Writers {
 public:
  // Makes the tables and their first rows.
  Writers(Shop& shop, WriterOptions options);
  ~Writers();
  Writers(const Writers&) = delete;
  Writers& operator=(const Writers&) = delete;

  void start();
  void stop();  // returns when the last transaction has ended

  const Journal& journal() const { return journal_; }
  const WriterCounts& counts() const { return counts_; }

 private:
  class Connection;

  Shop& shop_;
  const WriterOptions options_;
  Journal journal_;
  WriterCounts counts_;
  std::atomic<std::int64_t> next_version_ = 1;
  std::atomic<std::int64_t> next_key_ = 1'000'000;  // keys that rows move to
  std::atomic<bool> stopping_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace vhookd::testing
