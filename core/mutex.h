// The mutex, lock and condition variable that all modules use: the standard ones with clang's thread-safety
// annotations.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "core/thread_annotations.h"

namespace vhookd {

class CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() ACQUIRE() { mutex_.lock(); }
  void unlock() RELEASE() { mutex_.unlock(); }

 private:
  friend class MutexLock;
  std::mutex mutex_;
};

// Holds a mutex until the end of its scope; may release it earlier and take it again.
class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ACQUIRE(mutex) : lock_(mutex.mutex_) {}
  ~MutexLock() RELEASE() {}  // NOLINT(modernize-use-equals-default): a defaulted one can't carry the annotation
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void unlock() RELEASE() { lock_.unlock(); }
  void lock() ACQUIRE() { lock_.lock(); }

 private:
  friend class ConditionVariable;
  std::unique_lock<std::mutex> lock_;
};

// A condition variable. A wait releases the lock's mutex and holds it again on return. A wait without a predicate may
// end without a notification: callers test their condition in a loop. A predicate runs with the mutex held and says so:
// [&]() REQUIRES(mutex_) { return done_; }
class ConditionVariable {
 public:
  void wait(MutexLock& lock) { changed_.wait(lock.lock_); }
  void wait_for(MutexLock& lock, std::chrono::nanoseconds longest) { changed_.wait_for(lock.lock_, longest); }
  // What `done` returned last; false: the time is over.
  template <class Predicate>
  bool wait_for(MutexLock& lock, std::chrono::nanoseconds longest, Predicate done) NO_THREAD_SAFETY_ANALYSIS {
    return changed_.wait_for(lock.lock_, longest, done);
  }
  void notify_one() { changed_.notify_one(); }
  void notify_all() { changed_.notify_all(); }

 private:
  std::condition_variable changed_;
};

}  // namespace vhookd
