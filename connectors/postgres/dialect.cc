#include "connectors/postgres/dialect.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "connectors/postgres/change_sql.h"
#include "connectors/sql/range_sql.h"
#include "connectors/sql/selection_sql.h"
#include "connectors/sql/session.h"
#include "connectors/sql/statement.h"
#include "core/time_text.h"

namespace vhookd {

namespace {

Capabilities capabilities_of_postgres() {
  Capabilities can;
  can.change_tokens = true;
  can.range_hashes = true;
  can.idle_token = "the server's snapshot";
  return can;
}

// Whose ::text is the text that the server sends: not a boolean's (true for t), a character(5)'s (no padding), an
// inet's (a mask), nor that of a domain over these.
bool is_itself_as_text(const Column& column) {
  constexpr std::array names = {"text", "uuid", "date", "name"};
  return column.kind == Kind::integer || column.kind == Kind::decimal || column.kind == Kind::timestamp ||
         column.kind == Kind::timestamptz || column.kind == Kind::hex ||
         column.declared.starts_with("character varying") || std::ranges::find(names, column.declared) != names.end();
}

// Of the server's schemas those that are the user's own; the connection's default first.
constexpr auto schemas_sql = R"(
SELECT n.nspname::text FROM pg_catalog.pg_namespace n
 WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
   AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
 ORDER BY n.nspname IS DISTINCT FROM pg_catalog.current_schema(), n.nspname COLLATE "C")";

// The oldest transaction that wrote something and has not ended. pg_stat_activity shows everybody the xids
// of all sessions, but state and times only of one's own role's (monitoring.html); their age in xids orders
// them without. Only xids hold the horizon: an old snapshot (backend_xmin) holds VACUUM, not this.
constexpr auto open_transactions_sql = R"(
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

class PostgresDialect final : public Dialect {
 public:
  const Capabilities& capabilities() const override {
    static const Capabilities can = capabilities_of_postgres();
    return can;
  }
  char quote_mark() const override { return '"'; }
  std::string placeholder(std::size_t number) const override { return "$" + std::to_string(number); }
  std::string shown_placeholder(std::size_t number) const override { return placeholder(number); }
  std::string clock() const override { return "clock_timestamp()"; }
  std::string limit(int rows) const override { return " LIMIT " + std::to_string(rows); }
  Condition condition(const Column& /*column*/, const Filter& filter, const std::string& name) const override {
    return plain_condition(filter, name);
  }

  // A uuid's own order is that of its text, and the index serves it.
  KeyOrder key_order(const Column& column) const override {
    const bool native = column.kind == Kind::integer || column.kind == Kind::binary || column.declared == "uuid";
    return native ? KeyOrder::native : KeyOrder::computed;
  }
  std::string key_order_sql(const Column& column, const std::string& name) const override {
    return key_order(column) == KeyOrder::native ? name : "(" + name + ")::text COLLATE \"C\"";
  }
  std::string key_mark(const Column& /*column*/) const override { return "?"; }
  bool orders_as_it_compares(const Column& column) const override {
    return column.select_as.empty() &&
           (column.kind == Kind::integer || column.kind == Kind::binary || column.kind == Kind::text);
  }
  bool shares_key_order(const Column& column) const override { return is_itself_as_text(column); }
  // A statement is one scan where the key has no index; where it has one, many small ones spare the database a long
  // statement, and an error costs less.
  std::size_t ranges_at_once(std::size_t key_columns, bool indexed) const override {
    return (indexed ? 1000 : 4000) / key_columns;
  }
  std::size_t range_rows_at_once(std::size_t key_columns, bool indexed) const override {
    return indexed ? 16 : 1000 / key_columns;
  }

  // concat_ws of the columns, text in quotes; hashtextextended under two seeds. Not hash_record_extended: it knows no
  // scale of a numeric and folds a bigint to 32 bits; and not ROW(…)::text, which takes twice the time.
  std::string hash_input(const Column& column, const std::string& value) const override {
    if (!is_plain(column)) return "pg_catalog.quote_nullable((" + value + ")::text)";
    return column.nullable ? "COALESCE((" + value + ")::text, '~')" : value;
  }
  // PostgreSQL would work the text out once for each seed; OFFSET 0 keeps it where it stands.
  void add_hashed_from(Sql& sql, const Selection& of) const override {
    sql.text(" FROM ").text(quote_table(*this, *of.table)).text(" CROSS JOIN LATERAL (SELECT ");
    add_hash_call(sql, *this, of, "pg_catalog.concat_ws", "pg_catalog.concat_ws", true);
    sql.text(" AS ").text(row_text(of)).text(" OFFSET 0) AS ").text(free_name(of, "vhookd"));
  }
  void add_range_hash(Sql& sql, const Selection& of) const override {
    sql.text("pg_catalog.sum(").text(hash(of, '1')).text(")::text || ',' || pg_catalog.sum(").text(hash(of, '2'));
    sql.text(")::text");
  }
  void add_row_hash(Sql& sql, const Selection& of) const override {
    sql.text(hash(of, '1')).text("::text || ',' || ").text(hash(of, '2')).text("::text");
  }
  bool range_by_range() const override { return false; }

  Query change_position(const ChangePosition& asked) const override { return postgres::position_query(asked); }
  Query change_scan(const ChangeScan& asked) const override { return postgres::scan_query(asked); }
  Query table_check(const TableCheck& asked) const override { return postgres::check_query(asked); }
  std::optional<Query> idle_probe() const override {
    return Query{.sql =
                     "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL ELSE "
                     "pg_catalog.pg_current_snapshot()::text || ' ' || " +
                     std::string(postgres::server_run_sql) + " END AS vhookd_token",
                 .params = {},
                 .hints = postgres::few | postgres::often};
  }
  std::optional<Query> schemas() const override { return Query{.sql = schemas_sql, .params = {}}; }

  // A partitioned table takes no CONCURRENTLY.
  std::string index_statement(const Table& table, const std::vector<std::string>& columns,
                              const std::string& /*name*/) const override {
    const bool parted = table.relation == Relation::partitioned_table;
    return std::string("CREATE INDEX ") + (parted ? "" : "CONCURRENTLY ") + "ON " + quote_table(*this, table) + " (" +
           quoted_list(columns) + ")";
  }

  std::vector<std::string> plan_of(SqlSession& session, const Query& query) const override;
  OpenTransactions open_transactions(SqlSession& session) const override;

 private:
  static std::string row_text(const Selection& of) { return free_name(of, "vhookd_row"); }
  static std::string hash(const Selection& of, char seed) {
    return "pg_catalog.hashtextextended(" + row_text(of) + R"( COLLATE "C", )" + seed + ")";
  }
};

// Node lines alone, "->  Index Scan using …": what stands below them quotes the values compared with.
std::vector<std::string> PostgresDialect::plan_of(SqlSession& session, const Query& query) const {
  std::vector<std::string> steps;
  const auto lines = session.explain(query);
  if (!lines) return steps;
  for (const auto& line : *lines) {
    const auto text = line.find_first_not_of(' ');
    const bool step = text == 0 || (text != std::string::npos && line.substr(text).starts_with("->"));
    if (step) steps.push_back(line);
  }
  return steps;
}

OpenTransactions PostgresDialect::open_transactions(SqlSession& session) const {
  std::vector<std::string> line;
  const auto asked = session.read({.sql = open_transactions_sql, .params = {}}, [&](Row row) {
    for (const auto& value : row) line.emplace_back(value.null ? std::string_view() : value.text);
    return false;
  });
  if (!asked) return {.horizon = {}, .text = "can't be seen: " + asked.error().message, .open_for_s = {}};
  if (line.size() < 7) return {};
  OpenTransactions open{.horizon = "horizon " + line[0] + " (pg_snapshot_xmin): below it every transaction has ended",
                        .text = {},
                        .open_for_s = {}};
  if (line[1].empty()) {
    open.text = "no open transaction here has written anything";
    return open;
  }
  open.text = "oldest open: " + line[1];
  if (!line[5].empty()) open.text += " of " + line[5];
  if (!line[6].empty()) open.text += " (" + line[6] + ")";
  if (line[2].empty()) {
    open.text += ", since when and doing what is hidden from this role; GRANT pg_read_all_stats shows it";
    return open;
  }
  double seconds = 0;
  std::from_chars(line[3].data(), line[3].data() + line[3].size(), seconds);
  open.text += ", since " + line[2] + "Z, " + duration_text(seconds);
  if (!line[4].empty()) open.text += ", " + line[4];
  open.open_for_s = seconds;
  return open;
}

}  // namespace

const Dialect& postgres_dialect() {
  static const PostgresDialect dialect;
  return dialect;
}

}  // namespace vhookd
