// Data that cannot be reached without its lock.
#pragma once

#include <utility>

#include "core/mutex.h"

namespace vhookd {

template <class T>
class Guarded {
 public:
  template <class... Args>
  explicit Guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

  // Runs f(T&) under the lock and returns what it returns.
  template <class F>
  auto with(F&& f) EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return std::forward<F>(f)(value_);
  }

 private:
  Mutex mutex_;
  T value_ GUARDED_BY(mutex_);
};

}  // namespace vhookd
