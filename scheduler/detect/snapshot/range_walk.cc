#include "scheduler/detect/snapshot/range_walk.h"

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

std::optional<KnownRange> RangeWalk::pass(const std::string& border, PageBuilder& builder) {
  const bool known = at_ + 1 < end_ && known_[at_ + 1].first == border;
  std::optional<KnownRange> ended;
  if (!known || !is_small(rows_)) {
    ended = close(border, builder);
  } else {
    swallowed_.push_back(border);
  }
  if (known) {
    ++at_;
    in_doubt_ = known_[at_].fingerprint.empty();
  } else {
    builder.remember_range({.first = border, .rows = 0, .fingerprint = {}});
    in_doubt_ = true;
  }
  return ended;
}

KnownRange RangeWalk::leave(PageBuilder& builder) {
  return close({}, builder);
}

KnownRange RangeWalk::close(std::string next, PageBuilder& builder) {
  KnownRange ended{.first = std::exchange(first_, std::move(next)),
                   .rows = std::exchange(rows_, 0),
                   .fingerprint = all_hashed_ ? sums_.text() : std::string()};
  sums_ = {};
  all_hashed_ = true;
  for (auto& border : std::exchange(swallowed_, {})) builder.drop_range(std::move(border));
  return ended;
}

void RangeWalk::add(std::string_view hashes) {
  ++rows_;
  all_hashed_ = sums_.add(hashes) && all_hashed_;
}

void RangeWalk::touch(PageBuilder& builder) {
  if (std::exchange(in_doubt_, true)) return;
  builder.remember_range({.first = known_[at_].first, .rows = 0, .fingerprint = {}});
}

}  // namespace vhookd
