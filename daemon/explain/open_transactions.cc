#include "daemon/explain/open_transactions.h"

#include <charconv>

#include "config/units.h"
#include "daemon/output/terminal.h"
#include "scheduler/detect/guarantee.h"

namespace vhookd {

namespace {

using Line = std::vector<std::string>;  // NULL stands as ""

// The first row of an answer; empty: there was none.
Result<Line> ask(Connector& session, const char* sql) {
  Line line;
  const auto done = session.read({.sql = sql, .params = {}}, [&](Row row) {
    for (const auto& value : row) line.emplace_back(value.null ? std::string_view() : value.text);
    return false;
  });
  if (!done) return std::unexpected(done.error());
  return line;
}

double number(const std::string& text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// What an open transaction of that age means for polling.
std::string meaning(const Plan& plan, double seconds) {
  if (plan.strategy == Strategy::xid)
    return "nothing waits for it, but each poll looks again at what was written since";
  const auto reach = lookback(*plan.webhook);
  if (seconds <= std::chrono::duration<double>(reach).count()) return "within lookback, " + config::show(reach);
  if (looks_for_transactions(plan)) return "longer than lookback, " + config::show(reach) + ", and polls stay below it";
  return "longer than lookback, " + config::show(reach) + ": what it has stamped may be MISSED when it commits";
}

// The oldest transaction that wrote something and has not ended. pg_stat_activity shows everybody the xids
// of all sessions, but state and times only of one's own role's (monitoring.html); their age in xids orders
// them without. Only xids hold the horizon: an old snapshot (backend_xmin) holds VACUUM, not this.
constexpr auto postgres_sql = R"(
SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text AS horizon, o.who, o.since, o.seconds,
       o.state, o.usename, o.application
  FROM (SELECT 1 AS one) AS one LEFT JOIN (
    SELECT 'session ' || pid::text AS who, pg_catalog.to_char(xact_start, 'YYYY-MM-DD HH24:MI:SS') AS since,
           extract(epoch FROM pg_catalog.clock_timestamp() - xact_start)::text AS seconds, state,
           usename::text AS usename, application_name AS application, pg_catalog.age(backend_xid) AS age
      FROM pg_catalog.pg_stat_activity WHERE backend_xid IS NOT NULL
    UNION ALL
    SELECT 'prepared transaction ' || gid, pg_catalog.to_char(prepared, 'YYYY-MM-DD HH24:MI:SS'),
           extract(epoch FROM pg_catalog.clock_timestamp() - prepared)::text, 'waits for COMMIT or ROLLBACK PREPARED',
           owner::text, NULL, pg_catalog.age(transaction)
      FROM pg_catalog.pg_prepared_xacts) AS o ON TRUE
 ORDER BY o.age DESC NULLS LAST LIMIT 1)";

std::vector<std::string> of_postgres(const Plan& plan, Connector& session) {
  const auto asked = ask(session, postgres_sql);
  if (!asked) return {"can't be seen: " + asked.error().message};
  if (asked->size() < 7) return {};
  const auto& line = *asked;
  std::vector<std::string> said;
  if (plan.strategy == Strategy::xid)
    said.push_back("horizon " + line[0] + " (pg_snapshot_xmin): below it every transaction has ended");
  if (line[1].empty()) {
    said.emplace_back("no open transaction here has written anything");
    return said;
  }
  std::string text = "oldest open: " + line[1];
  if (!line[5].empty()) text += " of " + line[5];
  if (!line[6].empty()) text += " (" + line[6] + ")";
  if (line[2].empty()) {
    said.push_back(text + ", since when and doing what is hidden from this role; GRANT pg_read_all_stats shows it");
    return said;
  }
  const double seconds = number(line[3]);
  text += ", since " + line[2] + "Z, " + duration_text(seconds);
  if (!line[4].empty()) text += ", " + line[4];
  said.push_back(text + "; " + meaning(plan, seconds));
  return said;
}

// InnoDB tells trx_started in the server's own zone, whatever the session's.
constexpr auto mysql_sql = R"(
SELECT trx_mysql_thread_id, trx_state,
       timestampdiff(SECOND, trx_started, convert_tz(utc_timestamp(), '+00:00', 'SYSTEM')) AS seconds
  FROM information_schema.innodb_trx WHERE trx_mysql_thread_id <> connection_id()
   AND (trx_rows_modified > 0 OR trx_query IS NOT NULL) ORDER BY trx_started LIMIT 1)";

std::vector<std::string> of_mysql(const Plan& plan, Connector& session) {
  const auto asked = ask(session, mysql_sql);
  if (!asked)
    return {"can't be seen, which GRANT PROCESS ON *.* would allow; polling itself needs no such right (" +
            asked.error().message + ")"};
  if (asked->size() < 3) return {"no open transaction has written anything"};
  const auto& line = *asked;
  const double seconds = number(line[2]);
  return {"oldest open: thread " + line[0] + ", for " + duration_text(seconds) + ", " + line[1] + "; " +
          meaning(plan, seconds)};
}

}  // namespace

std::vector<std::string> open_transactions(const Plan& plan, Connector& session) {
  if (plan.strategy == Strategy::snapshot) return {};
  if (plan.dialect == Dialect::postgres) return of_postgres(plan, session);
  if (plan.dialect == Dialect::mysql) return of_mysql(plan, session);
  return {};
}

}  // namespace vhookd
