// A part of something that there are very many of, and that stands at its default in nearly all: it takes room only
// where it does not.
#pragma once

#include <memory>

namespace vhookd {

// Not thread-safe.
template <class T>
class SparseField {
 public:
  const T& operator*() const { return held_ ? *held_ : plain(); }
  const T* operator->() const { return &**this; }
  explicit operator bool() const { return held_ != nullptr; }  // it is held, and may differ from the default

  T& edit() {
    if (!held_) held_ = std::make_unique<T>();
    return *held_;
  }
  // After an edit that may have brought it back to the default.
  void settle() {
    if (held_ && *held_ == plain()) held_.reset();
  }

 private:
  static const T& plain() {
    static const T one{};
    return one;
  }

  std::unique_ptr<T> held_;
};

}  // namespace vhookd
