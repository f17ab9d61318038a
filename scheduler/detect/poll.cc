#include "scheduler/detect/poll.h"

#include <nlohmann/json.hpp>

#include "scheduler/detect/checkpoint.h"

namespace vhookd {

namespace {

template <class Strategy>
Result<Poll> begin(const Plan& plan, const std::string& checkpoint, KnownRows known) {
  try {
    auto poll = Strategy::begin(plan, checkpoint, std::move(known));
    if (!poll) return std::unexpected(poll.error());
    return Poll(std::move(*poll));
  } catch (const nlohmann::json::exception&) {  // a member of another type than ours
    return foreign_checkpoint();
  }
}

}  // namespace

Result<Poll> make_poll(const Plan& plan, const std::string& checkpoint, KnownRows known) {
  switch (plan.strategy) {
    case Strategy::xid:
      return begin<XidPoll>(plan, checkpoint, std::move(known));
    case Strategy::timestamp:
      return begin<TimestampPoll>(plan, checkpoint, std::move(known));
    case Strategy::snapshot:
      break;
  }
  return begin<SnapshotPoll>(plan, checkpoint, std::move(known));
}

std::optional<Question> next(Poll& poll) {
  return std::visit([](auto& p) { return p.next(); }, poll);
}

Result<void> row(Poll& poll, Row row, PageBuilder& builder) {
  return std::visit([&](auto& p) { return p.row(row, builder); }, poll);
}

Result<void> answered(Poll& poll, PageBuilder& builder) {
  return std::visit([&](auto& p) { return p.answered(builder); }, poll);
}

std::string checkpoint(const Poll& poll) {
  return std::visit([](const auto& p) { return p.checkpoint(); }, poll);
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

std::optional<std::int64_t> forget_below(const Poll& poll) {
  const auto* timestamp = std::get_if<TimestampPoll>(&poll);
  return timestamp == nullptr ? std::nullopt : timestamp->forget_below();
}

std::string token(const Poll& poll) {
  const auto* xid = std::get_if<XidPoll>(&poll);
  return xid == nullptr ? std::string() : xid->token();
}

std::string notice(const Poll& poll) {
  const auto* xid = std::get_if<XidPoll>(&poll);
  return xid == nullptr ? std::string() : xid->notice();
}

bool go_on_anew(Poll& poll) {
  if (auto* xid = std::get_if<XidPoll>(&poll)) return xid->go_on_anew();
  if (auto* timestamp = std::get_if<TimestampPoll>(&poll)) return timestamp->go_on_anew();
  return false;  // a comparison is of one view
}

bool is_up_to_date(const Poll& poll) {
  if (const auto* xid = std::get_if<XidPoll>(&poll)) return xid->is_up_to_date();
  if (const auto* timestamp = std::get_if<TimestampPoll>(&poll)) return !timestamp->resumed();
  return !unfinished(poll);
}

bool unfinished(const Poll& poll) {
  const auto* snapshot = std::get_if<SnapshotPoll>(&poll);
  return snapshot != nullptr && snapshot->unfinished();
}

}  // namespace vhookd
