// Shared<T>: a copy-on-write value. Copies share one object until one of them is edited.
#pragma once

#include <memory>
#include <utility>

namespace vhookd {

// Reading is thread-safe. edit() and join() require that no other thread uses this copy.
template <class T>
class Shared {
 public:
  Shared() : held_(plain()) {}
  // Implicit: a Shared<T> is used like a T. NOLINTNEXTLINE(google-explicit-constructor)
  Shared(T value) : held_(std::make_shared<T>(std::move(value))) {}

  const T& operator*() const { return *held_; }
  const T* operator->() const { return held_.get(); }
  // NOLINTNEXTLINE(google-explicit-constructor)
  operator const T&() const { return *held_; }

  // A reference through which to change this copy; other copies keep their value.
  T& edit() {
    if (held_.use_count() > 1) held_ = std::make_shared<T>(*held_);
    return *held_;
  }
  // Shares the object of `other` if the values are equal.
  void join(const Shared& other) {
    if (*this == other) held_ = other.held_;
  }
  bool same_as(const Shared& other) const { return held_ == other.held_; }  // share one object

  bool operator==(const Shared& other) const { return held_ == other.held_ || *held_ == *other.held_; }

 private:
  static const std::shared_ptr<T>& plain() {
    static const auto one = std::make_shared<T>();  // referenced here too, so that edit() copies it
    return one;
  }

  std::shared_ptr<T> held_;
};

}  // namespace vhookd
