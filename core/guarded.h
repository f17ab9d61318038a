// Guarded<T>: a value that can be accessed only while its mutex is held. Thread-safe.
#pragma once

#include <utility>

#include "core/mutex.h"

namespace vhookd {

template <class T>
class Guarded {
 public:
  template <class... Args>
  explicit Guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

  // Calls f(T&) with the mutex held and returns its result. `f` must not do I/O or call with() again.
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
