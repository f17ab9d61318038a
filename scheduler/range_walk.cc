#include "scheduler/range_walk.h"

#include <utility>

namespace vhookd {

void RangeWalk::enter(std::size_t begin, std::size_t end) {
  at_ = begin;
  end_ = end;
  in_doubt_ = known_[at_].fingerprint.empty();
  first_ = known_[at_].first;
}

std::optional<std::string> RangeWalk::border(const std::string* key) const {
  if (at_ + 1 < end_ && (key == nullptr || known_[at_ + 1].first <= *key)) return known_[at_ + 1].first;
  if (key != nullptr && rows_ >= most_rows_) return *key;
  return std::nullopt;
}

std::optional<KnownRange> RangeWalk::pass(const std::string& border, Harvest& harvest) {
  const bool known = at_ + 1 < end_ && known_[at_ + 1].first == border;
  std::optional<KnownRange> ended;
  if (!known || !is_small(rows_)) {
    ended = close(border, harvest);
  } else {
    swallowed_.push_back(border);
  }
  if (known) {
    ++at_;
    in_doubt_ = known_[at_].fingerprint.empty();
  } else {
    harvest.remember_range({.first = border, .rows = 0, .fingerprint = {}});
    in_doubt_ = true;
  }
  return ended;
}

KnownRange RangeWalk::leave(Harvest& harvest) {
  return close({}, harvest);
}

KnownRange RangeWalk::close(std::string next, Harvest& harvest) {
  KnownRange ended{.first = std::exchange(first_, std::move(next)),
                   .rows = std::exchange(rows_, 0),
                   .fingerprint = all_hashed_ ? sums_.text() : std::string()};
  sums_ = {};
  all_hashed_ = true;
  for (auto& border : std::exchange(swallowed_, {})) harvest.drop_range(std::move(border));
  return ended;
}

void RangeWalk::add(std::string_view hashes) {
  ++rows_;
  all_hashed_ = sums_.add(hashes) && all_hashed_;
}

void RangeWalk::touch(Harvest& harvest) {
  if (std::exchange(in_doubt_, true)) return;
  harvest.remember_range({.first = known_[at_].first, .rows = 0, .fingerprint = {}});
}

}  // namespace vhookd
