// Group commit: what several threads want to write shares one transaction and one fsync.
//
// The first thread to come leads: it takes every job waiting into one transaction, and when that is on
// disk wakes the others. Those that came meanwhile are the next batch, led by one of them. A thread alone
// waits for nobody.
//
// The jobs of a batch run without savepoints. When one of them fails the whole batch is rolled back and
// each is run again in a transaction of its own, so that a bad one spoils no other. Some errors (a full
// disk) undo the whole transaction anyhow, so this way is needed in any case; savepoints beside it made no
// measurable difference.
//
// Measured with 2 KB pages, 2 cores, an fdatasync of 60 us, commits/s and (without sharing):
//   1 thread 4,400 (4,500)   4: 7,300-9,000 (5,200)   8: 11,400-13,100 (4,900)   16: 15,000-17,700 (4,400)
// A slower disk gains more.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/error.h"
#include "core/guarded.h"
#include "core/mutex.h"
#include "store/sqlite/connection.h"

namespace vhookd {

class Committer {
 public:
  // What is to be written. May run twice, the first time rolled back. Its own error is given to its
  // caller; an error of the connection counts as one.
  using Job = std::function<Result<void>(Connection&)>;

  explicit Committer(Guarded<std::unique_ptr<Connection>>& db) : db_(db) {}

  // Returns once the jobs are on disk; of each, nothing is where its result is an error. Thread-safe.
  std::vector<Result<void>> commit(std::span<const Job> jobs) EXCLUDES(mutex_);
  Result<void> commit(const Job& job) { return commit(std::span(&job, 1)).front(); }

 private:
  struct Waiting {
    const Job* job;
    Result<void> result = {};
    bool done = false;
  };

  static void run_batch(Connection& db, std::span<Waiting* const> batch);
  std::vector<Waiting*> next_batch() REQUIRES(mutex_);

  Guarded<std::unique_ptr<Connection>>& db_;
  Mutex mutex_;
  ConditionVariable turned_;
  std::deque<Waiting*> waiting_ GUARDED_BY(mutex_);
  bool led_ GUARDED_BY(mutex_) = false;
};

}  // namespace vhookd
