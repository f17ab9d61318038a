// How far the rows of a PostgreSQL table were followed: a horizon H, below which every transaction has ended and was
// looked for, and the set K of those at or above it whose rows were delivered (scheduler/detect/xid/xid_method.h).
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <set>

namespace vhookd {

struct XidPosition {
  std::uint64_t horizon = 0;
  std::set<std::uint64_t> delivered;

  bool is_newer(std::uint64_t xid) const { return xid >= horizon && !delivered.contains(xid); }
  // On to a later horizon, with the xids seen at or above it on the way. `most`: the largest are kept.
  void move_on(std::uint64_t to, std::set<std::uint64_t> seen, std::size_t most);

  void write(nlohmann::json& state) const;  // as its members "horizon" and "delivered"
  static XidPosition read(const nlohmann::json& state);
};

}  // namespace vhookd
