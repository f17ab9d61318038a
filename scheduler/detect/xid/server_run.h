// Which run of a PostgreSQL server answers: from a start, or the recovery from a crash, to the next. Pure.
//
// Within one run a server's history only grows: what was final stays, and no xid is given out twice. Across a run's
// end that need not hold. A standby that is promoted may lack the last transactions of the server before it, a disk
// may have been set back, a crash under synchronous_commit = off takes the last commits along: each gives the same
// xids out again to other transactions, and nothing in the new rows tells.
#pragma once

#include <string_view>

namespace vhookd {

// An expression of type text: the server's start and the process ids of two of its own auxiliary processes, which it
// always has, and which a crash renews while the start stays. To be read by any role. The view pg_stat_activity is over
// that function, and takes three times as long to plan. A session ends with the run it began in, so one that is ours
// alone (vhookd.own_session says so) looks once and keeps the answer in a setting: to look takes the server longer than
// all the rest of a position.
inline constexpr std::string_view server_run_sql =
    "COALESCE(NULLIF(pg_catalog.current_setting('vhookd.server_run', true), ''), "
    "pg_catalog.set_config('vhookd.server_run', "
    "extract(epoch FROM pg_catalog.pg_postmaster_start_time())::text || ' ' || "
    "COALESCE((SELECT pg_catalog.string_agg(pid::text, ',' ORDER BY pid) "
    "FROM pg_catalog.pg_stat_get_activity(NULL) WHERE backend_type IN ('checkpointer', 'background writer')), ''), "
    "COALESCE(pg_catalog.current_setting('vhookd.own_session', true), '') <> 'yes'))";

// Whether two answers come from one run: the same start, and one of the processes still there (some come and go).
bool same_server_run(std::string_view before, std::string_view now);

}  // namespace vhookd
