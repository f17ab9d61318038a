// The questions of a poll by xid: where the database stands, the rows, how many there are.
#include "scheduler/detect/xid/xid_method.h"

namespace vhookd {

namespace {

// Up to so many rows it costs less to be given their number with each row than to ask once more.
constexpr std::int64_t most_counted_along = 10'000;

}  // namespace

ChangePosition XidMethod::position() const {
  return {.of = &plan_->selection,
          .files = parted_ || by_place_,
          .clock = narrowing_.has_value(),
          .newest = narrowing_ && narrowing_->asks_for_newest()};
}

// Whether the rows of the scan carry what check() asks. Not where that means to count while a large table is sent for
// the first time, and not where the end of the scan is to be timed.
bool XidMethod::counts_along() const {
  if (!plan_->remembers || parted_) return false;
  if (sweep_->since) return true;
  const auto rows = plan_->table->estimated_rows;
  return !narrowing_ && (!starts_with_everything() || (rows >= 0 && rows <= most_counted_along));
}

ChangeScan::Newer XidMethod::newer_than_last_poll() const {
  const auto& behind = sweep_->since ? narrowing_->position() : position_;
  ChangeScan::Newer newer{.horizon = behind.horizon, .except = behind.delivered};
  if (!parted_) return newer;
  newer.parts.emplace();
  for (const auto part : now_)
    if (!parts_.contains(part)) newer.parts->insert(part);
  return newer;
}

ChangeScan XidMethod::scan() const {
  ChangeScan scan{.of = &plan_->selection,
                  .match_column = plan_->remembers,
                  .locations = by_place_,
                  .row_count = counts_along(),
                  .newer = {},
                  .stamped_from = {},
                  .or_stamped_from = {},
                  .after = sweep_->after};
  if (!starts_with_everything()) {
    scan.stamped_from = sweep_->since;
    scan.newer = newer_than_last_poll();
  } else if (first_ && !plan_->remembers && plan_->webhook->checked_at) {
    const Kind kind = plan_->table->find(plan_->selection.stamp)->kind;
    if (kind == Kind::timestamp || kind == Kind::timestamptz) {  // the unit of a number shows only in its values
      scan.or_stamped_from =
          write_stamp(*plan_->webhook->checked_at, kind == Kind::timestamptz ? StampForm::sql_utc : StampForm::sql);
      scan.newer = ChangeScan::Newer{.horizon = sweep_->horizon, .except = {}};
    }
  } else if (first_ && !plan_->remembers && !plan_->webhook->include_all) {
    // Nothing is sent; only the xids above the horizon need to be known.
    scan.newer = ChangeScan::Newer{.horizon = sweep_->horizon, .except = {}};
  }
  return scan;
}

// How many rows there are (a narrow poll does not look), and whether the table still is the one the view shows: where
// an ALTER TABLE has rewritten it since, the view finds it empty.
TableCheck XidMethod::check() const {
  return {.of = &plan_->selection, .count = !sweep_->since, .clock = narrowing_.has_value()};
}

}  // namespace vhookd
