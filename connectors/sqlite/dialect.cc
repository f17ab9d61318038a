#include "connectors/sqlite/dialect.h"

#include <algorithm>
#include <array>

#include "connectors/sql/range_sql.h"
#include "connectors/sql/session.h"
#include "connectors/sql/statement.h"
#include "core/time_text.h"

namespace vhookd {

namespace {

Capabilities capabilities_of_sqlite() {
  Capabilities can;
  can.cell_types = true;
  can.range_hashes = true;
  can.range_hashes_need_index = true;
  can.idle_token = "PRAGMA data_version";
  can.idle_token_needs_session = true;
  can.row_number = {.names = {"rowid", "_rowid_", "oid"},
                    .caveat = "VACUUM, which may number the rows of a table without a key anew: they look changed",
                    .remedy = "a primary key, or columns that are unique together under key"};
  can.roles = false;
  can.schemas = Capabilities::Schemas::one;
  return can;
}

bool compares_with_texts(const Filter& filter) {
  return filter.op != Op::like &&
         std::ranges::all_of(filter.values, [](const Param& v) { return v.kind == Kind::text; });
}

// A time is a text, with a space or a T in it, with or without an offset. SQLite's own function knows them all, to
// the millisecond. What is no time is compared as the text it is: a bare column would have "2026" made a number of, and
// the function takes it for a Julian day.
Condition compared_as_times(const Filter& filter, const std::string& name) {
  const auto time = [](const std::string& sql) { return "strftime('%Y-%m-%d %H:%M:%f', " + sql + ")"; };
  std::string marks;
  std::vector<Param> params = filter.values;
  for (Param& value : params) {
    const auto at = parse_time(value.text);
    if (at) value.text = rfc3339(*at);
    marks += (marks.empty() ? "" : ", ") + (at ? time("?") : std::string("?"));
  }
  return {filter_text(filter, "coalesce(" + time(name) + ", " + name + ")", marks), std::move(params)};
}

class SqliteDialect final : public Dialect {
 public:
  const Capabilities& capabilities() const override {
    static const Capabilities can = capabilities_of_sqlite();
    return can;
  }
  char quote_mark() const override { return '"'; }
  std::string placeholder(std::size_t /*number*/) const override { return "?"; }
  std::string shown_placeholder(std::size_t number) const override { return "?" + std::to_string(number); }
  std::string clock() const override { return "strftime('%Y-%m-%d %H:%M:%f', 'now')"; }
  std::string limit(int rows) const override { return " LIMIT " + std::to_string(rows); }
  Condition condition(const Column& column, const Filter& filter, const std::string& name) const override {
    if (filter.op != Op::is_null && is_time(column) && compares_with_texts(filter))
      return compared_as_times(filter, name);
    return plain_condition(filter, name);
  }
  // SQLite's own functions write a space between date and time, most programs a T, and one column may hold
  // both: on the bound's day the spelling with T sorts after every one without.
  void add_stamp_bound(Sql& sql, const std::string& name, const StampBound& bound) const override {
    if (bound.form != StampForm::sql && bound.form != StampForm::iso) return Dialect::add_stamp_bound(sql, name, bound);
    const std::array bounds = {
        write_stamp(bound.at, StampForm::sql),
        Param{.kind = Kind::text, .null = false, .text = write_stamp(bound.at, StampForm::iso).text.substr(0, 11)},
        write_stamp(bound.at, StampForm::iso)};
    sql.bound(" AND " + name + " >= ? AND (" + name + " < ? OR " + name + " >= ?)", bounds);
  }

  KeyOrder key_order(const Column& column) const override {
    if (column.kind == Kind::integer) return KeyOrder::native;
    return column.kind == Kind::decimal ? KeyOrder::computed : KeyOrder::indexed;
  }
  std::string key_order_sql(const Column& column, const std::string& name) const override {
    if (column.kind == Kind::integer) return name;
    return (column.kind == Kind::decimal ? "CAST(" + name + " AS TEXT)" : name) + " COLLATE BINARY";
  }
  std::string key_mark(const Column& /*column*/) const override { return "?"; }
  bool orders_as_it_compares(const Column& column) const override {
    return column.select_as.empty() &&
           (column.kind == Kind::integer || column.kind == Kind::binary || column.kind == Kind::text);
  }
  bool shares_key_order(const Column& column) const override { return column.kind == Kind::integer; }
  std::size_t ranges_at_once(std::size_t /*key_columns*/, bool /*indexed*/) const override { return 100; }
  std::size_t range_rows_at_once(std::size_t key_columns, bool indexed) const override {
    return indexed ? 16 : 1000 / key_columns;
  }

  // Functions of our own (connectors/sqlite/range_hash.h): there is no server, but they take a third of the time of
  // handing each row over and comparing it.
  std::string hash_input(const Column& /*column*/, const std::string& value) const override { return value; }
  void add_hashed_from(Sql& sql, const Selection& of) const override {
    sql.text(" FROM ").text(quote_table(*this, *of.table));
  }
  void add_range_hash(Sql& sql, const Selection& of) const override {
    add_hash_call(sql, *this, of, "vhookd_fingerprint", "vhookd_hash", false);
  }
  void add_row_hash(Sql& sql, const Selection& of) const override {
    add_hash_call(sql, *this, of, "vhookd_hash", "vhookd_hash", false);
  }
  bool range_by_range() const override { return true; }

  std::optional<Query> idle_probe() const override { return Query{.sql = "PRAGMA data_version", .params = {}}; }
  std::optional<Query> schemas() const override { return std::nullopt; }

  // The schema stands before the index's name, not the table's.
  std::string index_statement(const Table& table, const std::vector<std::string>& columns,
                              const std::string& name) const override {
    const auto schema = table.name.schema.empty() ? "" : quote_name(*this, table.name.schema) + ".";
    return "CREATE INDEX " + schema + quote_name(*this, name) + " ON " + quote_name(*this, table.name.name) + " (" +
           quoted_list(columns) + ")";
  }

  std::vector<std::string> plan_of(SqlSession& session, const Query& query) const override {
    std::vector<std::string> steps;
    for (const auto& line : lines_of(session, {.sql = "EXPLAIN QUERY PLAN " + query.sql, .params = query.params}))
      if (line.size() >= 4) steps.push_back(line[3]);
    return steps;
  }
  OpenTransactions open_transactions(SqlSession& /*session*/) const override { return {}; }
};

}  // namespace

const Dialect& sqlite_dialect() {
  static const SqliteDialect dialect;
  return dialect;
}

}  // namespace vhookd
