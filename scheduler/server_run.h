// Which run of a PostgreSQL server answers: from a start, or the recovery from a crash, to the next. Pure.
//
// Within one run a server's history only grows: what was final stays, and no xid is given out twice. Across a run's
// end that need not hold. A standby that is promoted may lack the last transactions of the server before it, a disk
// may have been set back, a crash under synchronous_commit = off takes the last commits along: each gives the same
// xids out again to other transactions, and nothing in the new rows tells.
#pragma once

#include <string_view>

namespace vhookd {

// An expression of type text: the server's start and the process ids of its own auxiliary processes, all of which a
// crash renews while the start stays. To be read by any role. The view pg_stat_activity is over that function, and
// takes three times as long to plan.
inline constexpr std::string_view server_run_sql =
    "extract(epoch FROM pg_catalog.pg_postmaster_start_time())::text || ' ' || "
    "COALESCE((SELECT pg_catalog.string_agg(pid::text, ',' ORDER BY pid) "
    "FROM pg_catalog.pg_stat_get_activity(NULL) WHERE datid IS NULL AND usesysid IS NULL), '')";

// Whether two answers come from one run: the same start, and one of the processes still there (some come and go).
bool same_server_run(std::string_view before, std::string_view now);

}  // namespace vhookd
