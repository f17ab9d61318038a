#include "scheduler/detect/xid/xid_narrowing.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "config/units.h"
#include "core/stamp.h"
#include "scheduler/detect/guarantee.h"

namespace vhookd {

namespace {

Instant instant(const nlohmann::json& value) {
  return Instant(Micros(value.get<std::int64_t>()));
}

Result<Instant> clock_in(std::string_view text) {
  const auto stamp = read_stamp({.kind = Kind::timestamptz, .text = text});
  if (!stamp) return fail(Recourse::give_up, "the database's clock can't be read: " + std::string(text));
  return stamp->at;
}

}  // namespace

std::string between_sweeps_text() {
  return "a full sweep comes " + std::to_string(sweeps_apart) + " times as long after the last one as that took, " +
         config::show(least_between_sweeps) + " to " + config::show(most_between_sweeps);
}

std::string as_if_quiet(const std::string& checkpoint) {
  auto state = nlohmann::json::parse(checkpoint);
  if (auto narrow = state.find("narrow"); narrow != state.end()) (*narrow)["passed"] = narrow->at("next");
  return state.dump();
}

XidNarrowing::XidNarrowing(const Plan& plan, const nlohmann::json& state) : plan_(&plan) {
  if (!state.is_object() || !state.contains("narrow")) return;
  const auto& kept = state.at("narrow");
  if (kept.at("by") != plan.selection.stamp) return;
  position_ = XidPosition::read(kept);
  const auto mark = [&](const char* name) -> std::optional<Mark> {
    if (!kept.contains(name)) return std::nullopt;
    return Mark{.xid = kept.at(name).at(0), .at = instant(kept.at(name).at(1))};
  };
  passed_ = mark("passed");
  next_ = mark("next");
  polled_at_ = instant(kept.at("polled"));
  swept_at_ = instant(kept.at("swept"));
  sweep_took_ = Micros(kept.at("took").get<std::int64_t>());
}

// {"narrow": {"horizon": 70, "delivered": [71], "by": "updated_at", "passed": [64, 1795510800000000], "next": [70, …],
// "polled": 17955…, "swept": 17955…, "took": 700000}}: marks are an xid and a time, times and lengths microseconds.
void XidNarrowing::write(nlohmann::json& state) const {
  if (!swept_at_ || !polled_at_) return;
  auto& kept = state["narrow"];
  position_.write(kept);
  kept["by"] = plan_->selection.stamp;
  if (passed_) kept["passed"] = {passed_->xid, micros(passed_->at)};
  if (next_) kept["next"] = {next_->xid, micros(next_->at)};
  kept["polled"] = micros(*polled_at_);
  kept["swept"] = micros(*swept_at_);
  kept["took"] = sweep_took_.count();
}

bool XidNarrowing::is_utc() const {
  return plan_->table->find(plan_->selection.stamp)->kind == Kind::timestamptz;
}

Result<void> XidNarrowing::take_position(Row answer, std::uint64_t snapshot_xmax) {
  const auto now = clock_in(answer[0].text);
  if (!now) return std::unexpected(now.error());
  const auto time = is_utc() ? now : clock_in(answer[2].text);
  if (!time) return std::unexpected(time.error());
  std::uint64_t ahead = 0;
  std::from_chars(answer[1].text.data(), answer[1].text.data() + answer[1].text.size(), ahead);
  now_ = *now;
  mark_ = {.xid = snapshot_xmax + ahead, .at = *time};
  if (!began_) began_ = now_;
  return {};
}

Micros XidNarrowing::between_sweeps() const {
  return std::clamp<Micros>(sweep_took_ * sweeps_apart, least_between_sweeps, most_between_sweeps);
}

bool XidNarrowing::sweep_is_due() const {
  if (!passed_ || !polled_at_ || !swept_at_) return true;
  return now_ < *polled_at_ || now_ - *swept_at_ >= between_sweeps();
}

Param XidNarrowing::bound() const {
  return write_stamp(passed_->at - lookback(*plan_->webhook), is_utc() ? StampForm::sql_utc : StampForm::sql);
}

void XidNarrowing::pass_marks() {
  if (!next_ || next_->xid <= position_.horizon) passed_ = std::exchange(next_, mark_);
  if (mark_.xid <= position_.horizon) passed_ = mark_;
}

void XidNarrowing::polled(XidPosition position) {
  position_ = std::move(position);
  polled_at_ = now_;
  pass_marks();
}

void XidNarrowing::swept(XidPosition position, Instant at, std::string_view ended) {
  polled(std::move(position));
  swept_at_ = at;
  const auto end = clock_in(ended);
  sweep_took_ = end ? std::max(*end - *began_, Micros(0)) : Micros(0);
}

void XidNarrowing::start_over() {
  position_ = {};
  passed_.reset();
  next_.reset();
}

}  // namespace vhookd
