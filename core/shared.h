// A value that many hold and none changes behind another's back: copies stand for one and the same until one is edited.
#pragma once

#include <memory>
#include <utility>

namespace vhookd {

// Reading is thread-safe; edit() is for whoever holds this copy alone.
template <class T>
class Shared {
 public:
  Shared() : held_(plain()) {}
  // Implicit: a value is what it holds. NOLINTNEXTLINE(google-explicit-constructor)
  Shared(T value) : held_(std::make_shared<T>(std::move(value))) {}

  const T& operator*() const { return *held_; }
  const T* operator->() const { return held_.get(); }
  // NOLINTNEXTLINE(google-explicit-constructor)
  operator const T&() const { return *held_; }

  // To change this copy and no other.
  T& edit() {
    if (held_.use_count() > 1) held_ = std::make_shared<T>(*held_);
    return *held_;
  }
  // Where it is equal to `other` they stand for one value from here on.
  void join(const Shared& other) {
    if (*this == other) held_ = other.held_;
  }
  bool same_as(const Shared& other) const { return held_ == other.held_; }

  bool operator==(const Shared& other) const { return held_ == other.held_ || *held_ == *other.held_; }

 private:
  static const std::shared_ptr<T>& plain() {
    static const auto one = std::make_shared<T>();  // held here too, so that edit() never changes it
    return one;
  }

  std::shared_ptr<T> held_;
};

}  // namespace vhookd
