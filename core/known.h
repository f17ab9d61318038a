// What vhookd remembers of a source row it has seen: enough to tell new from changed from gone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vhookd {

struct KnownRow {
  std::string key;        // order-preserving bytes of the key's values, see scheduler/key.h
  std::string digest;     // 16 bytes over the row's values
  std::int64_t mark = 0;  // what the strategy prunes by: microseconds of the row's timestamp
  bool matched = true;    // the filters held when it was last seen
};

}  // namespace vhookd
