// PostgreSQL's SQL. Its change tokens are transaction ids (connectors/postgres/change_sql.h).
#pragma once

#include <cstdint>
#include <string_view>

#include "connectors/sql/dialect.h"

namespace vhookd {

const Dialect& postgres_dialect();

namespace postgres {

// Query::hints from the dialect to the session.
inline constexpr std::uint8_t few = 1;         // a handful of short rows, the same whatever the session's settings
inline constexpr std::uint8_t often = 2;       // asked in these very words with each poll, whatever the table
inline constexpr std::uint8_t own_values = 4;  // values are digits, commas and braces made here: may stand as 'text'

// An expression of type text: which run of the server answers, from a start, or the recovery from a crash, to the next.
// The server's start and the process ids of two of its own auxiliary processes, which it always has, and which a crash
// renews while the start stays. Any role may read it. The view pg_stat_activity is over that function, and takes three
// times as long to plan. A session ends with the run it began in, so one that is ours alone (vhookd.own_session says
// so) looks once and keeps the answer in a setting: to look takes the server longer than all the rest of a position.
inline constexpr std::string_view server_run_sql =
    "COALESCE(NULLIF(pg_catalog.current_setting('vhookd.server_run', true), ''), "
    "pg_catalog.set_config('vhookd.server_run', "
    "extract(epoch FROM pg_catalog.pg_postmaster_start_time())::text || ' ' || "
    "COALESCE((SELECT pg_catalog.string_agg(pid::text, ',' ORDER BY pid) "
    "FROM pg_catalog.pg_stat_get_activity(NULL) WHERE backend_type IN ('checkpointer', 'background writer')), ''), "
    "COALESCE(pg_catalog.current_setting('vhookd.own_session', true), '') <> 'yes'))";

}  // namespace postgres

}  // namespace vhookd
