#include "scheduler/detect/method.h"

#include <nlohmann/json.hpp>

#include "scheduler/detect/checkpoint.h"
#include "scheduler/detect/snapshot/snapshot_method.h"
#include "scheduler/detect/timestamp/timestamp_method.h"
#include "scheduler/detect/xid/xid_method.h"

namespace vhookd {

namespace {

template <class Kind>
Result<std::unique_ptr<Method>> begin(const Plan& plan, const std::string& checkpoint, KnownRows known) {
  try {
    auto method = Kind::begin(plan, checkpoint, std::move(known));
    if (!method) return std::unexpected(method.error());
    return std::make_unique<Kind>(std::move(*method));
  } catch (const nlohmann::json::exception&) {  // a member of another type than ours
    return foreign_checkpoint();
  }
}

}  // namespace

Result<std::unique_ptr<Method>> make_method(const Plan& plan, const std::string& checkpoint, KnownRows known) {
  switch (plan.strategy) {
    case Strategy::xid:
      return begin<XidMethod>(plan, checkpoint, std::move(known));
    case Strategy::timestamp:
      return begin<TimestampMethod>(plan, checkpoint, std::move(known));
    case Strategy::snapshot:
      break;
  }
  return begin<SnapshotMethod>(plan, checkpoint, std::move(known));
}

bool is_initial(const std::string& checkpoint, const Plan& plan) {
  if (!plan.webhook->include_all || plan.webhook->event == config::Event::deleted) return false;
  const auto state = read_checkpoint(checkpoint);
  if (!state) return false;
  return state->is_null() || (state->contains("first") && state->at("first") == true);
}

std::optional<Strategy> strategy_of(const std::string& checkpoint) {
  const auto state = read_checkpoint(checkpoint);
  if (!state || state->is_null()) return std::nullopt;
  const auto name = state->at("strategy").get<std::string>();
  for (const auto strategy : {Strategy::xid, Strategy::timestamp, Strategy::snapshot})
    if (name == name_of(strategy)) return strategy;
  return std::nullopt;
}

}  // namespace vhookd
