#include "scheduler/detect/xid/xid_position.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "scheduler/detect/checkpoint.h"

namespace vhookd {

void XidPosition::move_on(std::uint64_t to, std::set<std::uint64_t> seen, std::size_t most) {
  horizon = to;
  // What an earlier poll delivered was not read by this one, and stays delivered.
  std::erase_if(delivered, [to](std::uint64_t xid) { return xid < to; });
  delivered.merge(std::move(seen));
  while (delivered.size() > most) delivered.erase(delivered.begin());
}

void XidPosition::write(nlohmann::json& state) const {
  state["horizon"] = horizon;
  state["delivered"] = write_xids(delivered);
}

XidPosition XidPosition::read(const nlohmann::json& state) {
  XidPosition position{.horizon = state.value("horizon", std::uint64_t{0}), .delivered = {}};
  if (const auto list = state.find("delivered"); list != state.end()) position.delivered = read_xids(*list);
  return position;
}

}  // namespace vhookd
