#include "connectors/mysql/dialect.h"

#include <algorithm>
#include <charconv>

#include "connectors/sql/range_sql.h"
#include "connectors/sql/session.h"
#include "connectors/sql/statement.h"
#include "core/text.h"
#include "core/time_text.h"

namespace vhookd {

namespace {

Capabilities capabilities_of_mysql() {
  Capabilities can;
  can.range_hashes = true;
  can.bounds_open_transactions = true;
  can.open_transactions_right = "PROCESS";
  can.open_transactions_grant = "GRANT PROCESS ON *.* to this role";
  can.view_caveat =
      "one consistent view of the table needs InnoDB: another engine's rows may change "
      "while they are read, and come with the next poll";
  can.schemas = Capabilities::Schemas::one_if_named;
  return can;
}

constexpr auto schemas_sql = R"(
SELECT SCHEMA_NAME FROM information_schema.SCHEMATA
 WHERE SCHEMA_NAME NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys') ORDER BY SCHEMA_NAME)";

// InnoDB tells trx_started in the server's own zone, whatever the session's.
constexpr auto open_transactions_sql = R"(
SELECT trx_mysql_thread_id, trx_state,
       timestampdiff(SECOND, trx_started, convert_tz(utc_timestamp(), '+00:00', 'SYSTEM')) AS seconds
  FROM information_schema.innodb_trx WHERE trx_mysql_thread_id <> connection_id()
   AND (trx_rows_modified > 0 OR trx_query IS NOT NULL) ORDER BY trx_started LIMIT 1)";

// The oldest stamp that what is under way may have written, in UTC as the session has it. A statement may be older
// than its transaction, which begins with the first row it touches. innodb_trx has whole seconds, in the time zone
// of the server's machine. A transaction that has written nothing and runs nothing will take its stamps later.
//
// What innodb_trx shows may be old: it is not renewed while sessions read it more often than every 100 ms, all of them
// together. The view this is asked in stands in it as well, or an earlier one of the same session: it shows all
// that began before that. Where neither does, its age is not known, and the answer is NULL.
constexpr auto bound_sql =
    "SELECT CASE WHEN shown.own = 1 THEN LEAST(now(6), shown.oldest, "
    "coalesce((SELECT now(6) - INTERVAL max(time) SECOND FROM information_schema.processlist "
    "WHERE command NOT IN ('Sleep', 'Daemon', 'Binlog Dump', 'Binlog Dump GTID') "
    "AND user NOT IN ('system user', 'event_scheduler')), now(6))) - INTERVAL 1 SECOND END AS vhookd_horizon "
    "FROM (SELECT max(trx_mysql_thread_id = connection_id()) AS own, "
    "min(CASE WHEN trx_rows_modified > 0 OR trx_query IS NOT NULL OR trx_mysql_thread_id = connection_id() "
    "THEN convert_tz(trx_started, 'SYSTEM', '+00:00') END) AS oldest "
    "FROM information_schema.innodb_trx) AS shown";

// MySQL finds a text equal to a number where it reads as that number, and one that reads as none is 0. MariaDB leaves
// the offset of a time unread; the session's zone is UTC.
Param for_mysql(const Column& column, Op op, Param value) {
  if (is_time(column)) {
    const auto at = parse_rfc3339(value.text);
    if (!at) return value;
    value.text = rfc3339(*at);
    value.text.pop_back();  // the Z
    return value;
  }
  const bool equals = op == Op::eq || op == Op::ne || op == Op::in || op == Op::not_in;
  if (!equals || column.kind != Kind::text || column.declared.starts_with("bit")) return value;
  if (value.kind == Kind::boolean) value.text = value.text == "t" ? "1" : "0";
  value.kind = Kind::text;
  return value;
}

class MysqlDialect final : public Dialect {
 public:
  const Capabilities& capabilities() const override {
    static const Capabilities can = capabilities_of_mysql();
    return can;
  }
  char quote_mark() const override { return '`'; }
  std::string placeholder(std::size_t /*number*/) const override { return "?"; }
  std::string shown_placeholder(std::size_t number) const override { return "?" + std::to_string(number); }
  std::string clock() const override { return "now(6)"; }
  std::string limit(int rows) const override { return " LIMIT " + std::to_string(rows); }
  Condition condition(const Column& column, const Filter& filter, const std::string& name) const override {
    auto out = plain_condition(filter, name);
    for (Param& value : out.params) value = for_mysql(column, filter.op, std::move(value));
    return out;
  }

  KeyOrder key_order(const Column& column) const override {
    return column.kind == Kind::integer || column.kind == Kind::binary ? KeyOrder::native : KeyOrder::computed;
  }
  std::string key_order_sql(const Column& column, const std::string& name) const override {
    return key_order(column) == KeyOrder::native ? name : "CAST(CONVERT(" + name + " USING utf8mb4) AS BINARY)";
  }
  std::string key_mark(const Column& column) const override {
    return key_order(column) == KeyOrder::native ? "?" : "CAST(? AS BINARY)";
  }
  // An ENUM is ordered by its number and compared by its text; a decimal bound as text is compared as floating point.
  bool orders_as_it_compares(const Column& column) const override {
    const bool is_text =
        column.kind == Kind::text && (column.declared.starts_with("char(") || column.declared.starts_with("varchar("));
    return column.select_as.empty() && (column.kind == Kind::integer || column.kind == Kind::binary || is_text);
  }
  bool shares_key_order(const Column& column) const override {
    return column.select_as.empty() && !column.declared.contains("zerofill");
  }
  // As in PostgreSQL: one scan where the key has no index, small statements where it has one.
  std::size_t ranges_at_once(std::size_t key_columns, bool indexed) const override {
    return (indexed ? 1000 : 4000) / key_columns;
  }
  std::size_t range_rows_at_once(std::size_t key_columns, bool indexed) const override {
    return indexed ? 16 : 1000 / key_columns;
  }

  // CONCAT_WS and QUOTE, SHA2: MD5 is gone from MySQL 9.6. A row longer than max_allowed_packet has no hash; its range
  // is read each time.
  std::string hash_input(const Column& column, const std::string& value) const override {
    // Not the bytes themselves: MySQL 8 takes them for utf8mb4 beside other text.
    if (column.kind == Kind::binary) return "IFNULL(HEX(" + value + "), '~')";
    if (!is_plain(column) && column.kind != Kind::real) return "QUOTE(CONVERT(" + value + " USING utf8mb4))";
    return column.nullable ? "IFNULL(" + value + ", '~')" : value;
  }
  void add_hashed_from(Sql& sql, const Selection& of) const override {
    sql.text(" FROM ").text(quote_table(*this, *of.table));
  }
  void add_range_hash(Sql& sql, const Selection& of) const override {
    sql.text("CONCAT(SUM(CAST(CONV(SUBSTRING(");
    add_row_hash(sql, of);
    sql.text(", 1, 16), 16, 10) AS UNSIGNED)), ',', SUM(CAST(CONV(SUBSTRING(");
    add_row_hash(sql, of);
    sql.text(", 17, 16), 16, 10) AS UNSIGNED)))");
  }
  void add_row_hash(Sql& sql, const Selection& of) const override {
    sql.text("SHA2(");
    add_hash_call(sql, *this, of, "CONCAT_WS", "CONCAT_WS", true);
    sql.text(", 256)");
  }
  bool range_by_range() const override { return false; }

  Query open_transaction_bound() const override { return {.sql = bound_sql, .params = {}}; }
  // The position in the binary log moves before the commit can be seen, does not move for sessions with
  // sql_log_bin = 0 or databases left out of the log, and information_schema's update_time has whole seconds: each
  // could hide a change.
  std::optional<Query> idle_probe() const override { return std::nullopt; }
  std::optional<Query> schemas() const override { return Query{.sql = schemas_sql, .params = {}}; }

  // No TEXT or BLOB without a length, and a prefix gives no order.
  bool can_index(const Column& column) const override {
    const std::string type = lower(column.declared);
    return !type.contains("text") && !type.contains("blob");
  }
  std::string index_statement(const Table& table, const std::vector<std::string>& columns,
                              const std::string& name) const override {
    return "CREATE INDEX " + quote_name(*this, name) + " ON " + quote_table(*this, table) + " (" +
           quoted_list(columns) + ")";
  }

  std::vector<std::string> plan_of(SqlSession& session, const Query& query) const override;
  OpenTransactions open_transactions(SqlSession& session) const override;
  bool sees_open_transactions(SqlSession& session) const override {
    const Query look{.sql = "SELECT trx_id FROM information_schema.innodb_trx LIMIT 1", .params = {}};
    return session.read(look, [](Row) { return true; }).has_value();
  }
};

// MariaDB: id, select_type, table, type, possible_keys, key, key_len, ref, rows, Extra. MySQL has partitions before
// type and filtered before Extra.
std::vector<std::string> MysqlDialect::plan_of(SqlSession& session, const Query& query) const {
  std::vector<std::string> steps;
  const Query explain{.sql = "EXPLAIN FORMAT=TRADITIONAL " + query.sql, .params = query.params};
  for (const auto& line : lines_of(session, explain)) {
    if (line.size() < 10) continue;
    const std::size_t shift = line.size() >= 12 ? 1 : 0;
    const auto& key = line[5 + shift];
    const auto& rows = line[8 + shift];
    std::string step = line[2] + ": " + line[3 + shift] + ", " + (key.empty() ? "no index" : "index " + key);
    if (!rows.empty()) step += ", about " + rows + " rows";
    if (!line.back().empty()) step += ", " + line.back();
    steps.push_back(std::move(step));
  }
  return steps;
}

OpenTransactions MysqlDialect::open_transactions(SqlSession& session) const {
  std::vector<std::string> line;
  const auto asked = session.read({.sql = open_transactions_sql, .params = {}}, [&](Row row) {
    for (const auto& value : row) line.emplace_back(value.null ? std::string_view() : value.text);
    return false;
  });
  OpenTransactions open;
  if (!asked) {
    open.text = "can't be seen, which GRANT PROCESS ON *.* would allow; polling itself needs no such right (" +
                asked.error().message + ")";
  } else if (line.size() < 3) {
    open.text = "no open transaction has written anything";
  } else {
    double seconds = 0;
    std::from_chars(line[2].data(), line[2].data() + line[2].size(), seconds);
    open.text = "oldest open: thread " + line[0] + ", for " + duration_text(seconds) + ", " + line[1];
    open.open_for_s = seconds;
  }
  return open;
}

}  // namespace

const Dialect& mysql_dialect() {
  static const MysqlDialect dialect;
  return dialect;
}

}  // namespace vhookd
