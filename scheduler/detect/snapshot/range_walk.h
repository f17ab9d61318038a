// The walk of a poll through the ranges of known rows it reads anew, in key order: where ranges are cut and joined,
// and what has to be stored so that at every moment a stored fingerprint stands for exactly the known rows stored
// with it. Pure.
//
// A range whose known rows are about to change is first stored as in doubt; its new fingerprint, made of the very
// rows that were read, is stored with the last of them or later. So a poll that is cut short leaves ranges that are
// right and ranges in doubt, and no others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/known.h"
#include "core/range_hash.h"
#include "scheduler/payload/page_builder.h"

namespace vhookd {

class RangeWalk {
 public:
  // `known` in key order, the first of them from the start. Ranges are cut above `most_rows`, and joined to the next
  // one that is read below a quarter of it.
  RangeWalk(std::vector<KnownRange> known, std::int64_t most_rows) : known_(std::move(known)), most_rows_(most_rows) {}

  const std::vector<KnownRange>& known() const { return known_; }
  std::string end_of(std::size_t range) const { return range + 1 < known_.size() ? known_[range + 1].first : ""; }
  bool is_small(std::int64_t rows) const { return rows < most_rows_ / 4; }

  // The ranges from `begin` to before `end` are read from here on.
  void enter(std::size_t begin, std::size_t end);
  // A border that lies at or before a row with this key (for none: in what is left of the ranges entered), to be
  // passed with pass() before the row is handled and after the known rows below it were.
  std::optional<std::string> border(const std::string* key) const;
  // The range that ends at the border; none where two ranges become one there.
  std::optional<KnownRange> pass(const std::string& border, PageBuilder& builder);
  // The last range of those entered.
  KnownRange leave(PageBuilder& builder);

  void add(std::string_view hashes);  // of a row
  void touch(PageBuilder& builder);   // a known row here is about to be stored or forgotten

 private:
  KnownRange close(std::string next, PageBuilder& builder);

  std::vector<KnownRange> known_;
  std::int64_t most_rows_;
  std::size_t at_ = 0;     // the known range the walk is in
  std::size_t end_ = 0;    // of the ranges entered
  bool in_doubt_ = false;  // what is stored for this place says so already
  std::string first_;      // of the range being made
  std::int64_t rows_ = 0;
  RangeHash sums_;
  bool all_hashed_ = true;
  std::vector<std::string> swallowed_;  // borders of known ranges within it
};

}  // namespace vhookd
