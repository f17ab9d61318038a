#include "connectors/sql/dialect.h"

#include <algorithm>

#include "connectors/sql/selection_sql.h"
#include "connectors/sql/session.h"
#include "connectors/sql/statement.h"

namespace vhookd {

std::string quote_name(const Dialect& dialect, std::string_view name) {
  const char mark = dialect.quote_mark();
  std::string quoted(1, mark);
  for (const char c : name) {
    quoted += c;
    if (c == mark) quoted += c;
  }
  return quoted + mark;
}

std::string quote_table(const Dialect& dialect, const Table& table) {
  const auto name = quote_name(dialect, table.name.name);
  return table.name.schema.empty() ? name : quote_name(dialect, table.name.schema) + "." + name;
}

std::string filter_text(const Filter& filter, const std::string& name, const std::string& values) {
  switch (filter.op) {
    case Op::is_null:
      return name + (filter.values[0].text == "t" ? " IS NULL" : " IS NOT NULL");
    case Op::ne:
      return name + " <> " + values;
    case Op::gt:
      return name + " > " + values;
    case Op::gte:
      return name + " >= " + values;
    case Op::lt:
      return name + " < " + values;
    case Op::lte:
      return name + " <= " + values;
    case Op::in:
      return name + " IN (" + values + ")";
    case Op::not_in:
      return name + " NOT IN (" + values + ")";
    case Op::like:
      return name + " LIKE " + values;
    case Op::eq:
      break;
  }
  return name + " = " + values;
}

Condition plain_condition(const Filter& filter, const std::string& name) {
  if (filter.op == Op::is_null) return {filter_text(filter, name, ""), {}};
  std::string marks = "?";
  for (std::size_t i = 1; i < filter.values.size(); ++i) marks += ", ?";
  return {filter_text(filter, name, marks), filter.values};
}

bool is_time(const Column& column) {
  return column.kind == Kind::timestamp || column.kind == Kind::timestamptz;
}

std::vector<std::vector<std::string>> lines_of(SqlSession& session, const Query& query) {
  std::vector<std::vector<std::string>> lines;
  const auto done = session.read(query, [&](Row row) {
    auto& line = lines.emplace_back();
    for (const auto& value : row) line.emplace_back(value.null ? std::string_view() : value.text);
    return true;
  });
  if (!done) lines.clear();
  return lines;
}

void Dialect::add_stamp_bound(Sql& sql, const std::string& name, const StampBound& bound) const {
  const Param param = write_stamp(bound.at, bound.form);
  sql.bound(" AND " + name + " >= ?", std::span(&param, 1));
}

// A database without these answers says so through its capabilities, and is not asked.
Query Dialect::change_position(const ChangePosition& /*asked*/) const {
  return {};
}
Query Dialect::change_scan(const ChangeScan& /*asked*/) const {
  return {};
}
Query Dialect::table_check(const TableCheck& /*asked*/) const {
  return {};
}
Query Dialect::open_transaction_bound() const {
  return {};
}

bool Dialect::sees_open_transactions(SqlSession& /*session*/) const {
  return false;
}

SelectionText Dialect::text_of(const Selection& selection) const {
  SelectionText text{
      .table = quote_table(*this, *selection.table), .gone = gone_sql(*this, selection), .filters = {}, .values = {}};
  for (const auto& filter : selection.filters) {
    auto one = condition(*selection.table->find(filter.column), filter, quote_name(*this, filter.column));
    text.filters.push_back(std::move(one.sql));
    std::ranges::move(one.params, std::back_inserter(text.values));
  }
  return text;
}

bool Dialect::can_index(const Column& /*column*/) const {
  return true;
}

std::string Dialect::quoted_list(const std::vector<std::string>& names) const {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + quote_name(*this, name);
  return list;
}

}  // namespace vhookd
