#include "store/sqlite/committer.h"

#include <algorithm>

#include "core/crash_point.h"

namespace vhookd {
namespace {

constexpr std::size_t batch_max = 64;  // bounds how long the first job of a batch waits for the last

// Runs `jobs` in one transaction. After an error nothing is written.
Result<void> transact(Connection& db, const std::function<Result<void>()>& jobs) {
  db.run("BEGIN IMMEDIATE");
  auto result = db.failed() ? Result<void>() : jobs();
  if (result) {
    crash_point(CrashPoint::before_commit);
    db.run("COMMIT");
    crash_point(CrashPoint::after_commit);
  }
  if (auto outcome = db.outcome(); !outcome) result = outcome;
  if (!result && db.in_transaction()) {  // SQLite has already rolled back after some errors
    db.run("ROLLBACK");
    (void)db.outcome();
  }
  return result;
}

}  // namespace

void Committer::run_batch(Connection& db, std::span<Waiting* const> batch) {
  const auto all = transact(db, [&]() -> Result<void> {
    for (Waiting* one : batch) {
      if (auto result = (*one->job)(db); !result) return result;
      if (db.failed()) break;
    }
    return {};
  });
  for (Waiting* one : batch) {
    one->result = all || batch.size() == 1 ? all : transact(db, [&] { return (*one->job)(db); });
  }
}

std::vector<Committer::Waiting*> Committer::next_batch() {
  const auto count = std::min(waiting_.size(), batch_max);
  std::vector<Waiting*> batch(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  return batch;
}

std::vector<Result<void>> Committer::commit(std::span<const Job> jobs) {
  std::vector<Waiting> mine;
  mine.reserve(jobs.size());  // others hold pointers to them
  for (const auto& job : jobs) mine.push_back({.job = &job});
  MutexLock lock(mutex_);
  for (auto& one : mine) waiting_.push_back(&one);
  while (!std::ranges::all_of(mine, &Waiting::done)) {
    if (led_) {
      batch_done_.wait(lock);
      continue;
    }
    led_ = true;
    const auto batch = next_batch();
    lock.unlock();
    db_.with([&](auto& db) { run_batch(*db, batch); });
    lock.lock();
    for (Waiting* one : batch) one->done = true;
    led_ = false;
    batch_done_.notify_all();
  }
  std::vector<Result<void>> results;
  results.reserve(mine.size());
  for (auto& one : mine) results.push_back(std::move(one.result));
  return results;
}

}  // namespace vhookd
