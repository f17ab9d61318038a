// SparseField<T>: a field that is default-valued in nearly all objects. Allocated only when set.
#pragma once

#include <memory>

namespace vhookd {

// Not thread-safe.
template <class T>
class SparseField {
 public:
  const T& operator*() const { return held_ ? *held_ : default_value(); }
  const T* operator->() const { return &**this; }
  explicit operator bool() const { return held_ != nullptr; }  // allocated, and so may differ from the default

  T& edit() {
    if (!held_) held_ = std::make_unique<T>();
    return *held_;
  }
  // Frees the value if it equals the default. Call after an edit that may have reset it.
  void settle() {
    if (held_ && *held_ == default_value()) held_.reset();
  }

 private:
  static const T& default_value() {
    static const T one{};
    return one;
  }

  std::unique_ptr<T> held_;
};

}  // namespace vhookd
