// What vhookd stores about source rows it has seen: enough to tell new, changed and deleted rows apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vhookd {

struct KnownRow {
  std::string key;        // order-preserving encoding of the key values, see scheduler/detect/key.h
  std::string digest;     // 16-byte hash of the row's values
  std::int64_t mark = 0;  // the row's timestamp in microseconds; old entries are pruned by it
  bool matched = true;    // the row matched the filters when it was last seen
};

// A range of known rows in key order, from `first` up to the next range's `first`, and the fingerprint that the
// database computed over the same rows (core/range_hash.h). While the fingerprint stays the same, no row of the range
// changed.
struct KnownRange {
  std::string first;  // inclusive, encoded like KnownRow::key; empty: from the first row
  std::int64_t rows = 0;
  std::string fingerprint;  // empty: unknown, the range has to be read again
};

}  // namespace vhookd
