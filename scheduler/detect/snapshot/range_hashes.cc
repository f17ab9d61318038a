#include "scheduler/detect/snapshot/range_hashes.h"

#include <algorithm>

namespace vhookd {

namespace {

// Small ranges spare reading where changes lie scattered, large ones spare bounds: a range costs about 200 bytes
// of memory in a poll, and as many in its questions.
constexpr std::int64_t least_range_rows = 1000;
constexpr std::int64_t ranges_aimed_at = 20'000;

}  // namespace

std::string why_no_range_hashes(const Plan& plan) {
  const auto& can = plan.traits->capabilities();
  if (!can.range_hashes) return "this database computes none";
  if (plan.table->relation == Relation::view) return "a view is worked out anew for every question";
  if (plan.table->relation == Relation::foreign_table) return "a foreign table is fetched anew for every question";
  for (const auto& key : plan.selection.key) {
    const Column* column = plan.table->find(key.name);
    if (column == nullptr) continue;  // the row number
    if (column->nullable) return "the key column " + key.name + " may be NULL";
    if (!plan.traits->shares_key_order(*column))
      return "the key column " + key.name + " is " + column->declared +
             ", which has no order that the database and vhookd are sure to share";
  }
  if (can.range_hashes_need_index && !key_is_indexed(*plan.traits, plan.selection))
    return "no index gives the order of the key";
  return {};
}

std::int64_t range_rows(const Plan& plan) {
  return plan.range_rows.value_or(std::max(least_range_rows, plan.table->estimated_rows / ranges_aimed_at));
}

std::size_t ranges_at_once(const Plan& plan) {
  return plan.traits->ranges_at_once(plan.selection.key.size(), key_is_indexed(*plan.traits, plan.selection));
}

std::size_t range_rows_at_once(const Plan& plan) {
  return plan.traits->range_rows_at_once(plan.selection.key.size(), key_is_indexed(*plan.traits, plan.selection));
}

}  // namespace vhookd
