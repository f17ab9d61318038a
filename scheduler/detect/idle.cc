#include "scheduler/detect/idle.h"

namespace vhookd {

bool changes_by_commits_alone(const Table& table) {
  if (table.row_security || table.foreign_parts) return false;
  return table.relation == Relation::table || table.relation == Relation::partitioned_table ||
         table.relation == Relation::materialized_view;
}

std::string idle_text(const Plan& plan) {
  const auto& token = plan.traits->capabilities().idle_token;
  if (token.empty()) return "every poll reads: nothing this server shows is sure to move with each change";
  if (changes_by_commits_alone(*plan.table))
    return std::string(plan.narrow_index.empty() ? "a poll" : "after a full sweep a poll") + " is left out while " +
           token + " shows that nothing was committed since; one look serves all webhooks of the database";
  switch (plan.table->relation) {
    case Relation::view:
      return "every poll reads: what a view shows may change without a commit";
    case Relation::foreign_table:
      return "every poll reads: a foreign table changes at another server";
    default:
      return "every poll reads: row security or a foreign table among its parts may change what is seen without a "
             "commit";
  }
}

}  // namespace vhookd
