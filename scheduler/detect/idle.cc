#include "scheduler/detect/idle.h"

#include "scheduler/detect/xid/server_run.h"

namespace vhookd {

std::optional<IdleProbe> idle_probe(Dialect dialect) {
  switch (dialect) {
    case Dialect::postgres:
      return IdleProbe{.query = {.sql = "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL ELSE "
                                        "pg_catalog.pg_current_snapshot()::text || ' ' || " +
                                        std::string(server_run_sql) + " END AS vhookd_token",
                                 .params = {},
                                 .few = true,
                                 .often = true},
                       .held_open = false};
    case Dialect::sqlite:
      return IdleProbe{.query = {.sql = "PRAGMA data_version", .params = {}}, .held_open = true};
    case Dialect::mysql:
      break;
  }
  return std::nullopt;
}

bool changes_by_commits_alone(const Table& table) {
  if (table.row_security || table.foreign_parts) return false;
  return table.relation == Relation::table || table.relation == Relation::partitioned_table ||
         table.relation == Relation::materialized_view;
}

std::string idle_words(const Plan& plan) {
  if (!idle_probe(plan.dialect)) return "every poll reads: nothing this server shows is sure to move with each change";
  if (changes_by_commits_alone(*plan.table))
    return std::string(plan.narrow_index.empty() ? "a poll" : "after a full sweep a poll") + " is left out while " +
           (plan.dialect == Dialect::sqlite ? "PRAGMA data_version" : "the server's snapshot") +
           " shows that nothing was committed since; one look serves all webhooks of the database";
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
