// The term under which a writer may change the stored state.
#pragma once

#include <compare>
#include <cstdint>

namespace vhookd {

// The state issues a term for a shard of webhooks each time a writer takes that shard over. Terms only grow, so a
// writer that was suspended or cut off while another took over still carries an earlier term, and its writes are
// refused (Recourse::fenced).
struct Term {
  std::uint64_t number = 0;  // 0: never issued
  auto operator<=>(const Term&) const = default;
};

}  // namespace vhookd
