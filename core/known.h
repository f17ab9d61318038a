// What vhookd remembers of a source row it has seen: enough to tell new from changed from gone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vhookd {

struct KnownRow {
  std::string key;        // order-preserving bytes of the key's values, see scheduler/detect/key.h
  std::string digest;     // 16 bytes over the row's values
  std::int64_t mark = 0;  // what the strategy prunes by: microseconds of the row's timestamp
  bool matched = true;    // the filters held when it was last seen
};

// A stretch of the known rows in key order, from `first` up to the next one's, and what the server made of the
// very rows they stand for (core/range_hash.h). Where the server's word is the same again, nothing changed there.
struct KnownRange {
  std::string first;  // inclusive, as KnownRow::key; empty: from the start
  std::int64_t rows = 0;
  std::string fingerprint;  // empty: in doubt, to be read again
};

}  // namespace vhookd
