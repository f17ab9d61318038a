#include "connectors/sql/selection_sql.h"

namespace vhookd {

namespace {

Sql select_columns(const Dialect& dialect, const Selection& of, const std::vector<std::string>& extra,
                   std::span<const Param> values) {
  Sql sql(dialect, of.table);
  std::vector<std::string> columns;
  columns.reserve(of.columns.size());
  for (const auto& name : of.columns) columns.push_back(selected_sql(dialect, of, name));
  sql.text("SELECT ").list(columns, ", ");
  for (const auto& item : extra) {
    sql.text(", ");
    if (values.empty()) {
      sql.text(item);
    } else {
      values = values.subspan(sql.bound(item, values));
    }
  }
  return sql;
}

}  // namespace

std::string column_sql(const Dialect& dialect, const Selection& of, const std::string& name) {
  return of.table->find(name) == nullptr ? name : quote_name(dialect, name);
}

std::string value_sql(const Dialect& dialect, const Selection& of, const std::string& name) {
  const Column* column = of.table->find(name);
  auto quoted = column_sql(dialect, of, name);
  if (column == nullptr || column->select_as.empty()) return quoted;
  std::string sql = column->select_as;
  for (auto at = sql.find("{}"); at != std::string::npos; at = sql.find("{}", at + quoted.size()))
    sql.replace(at, 2, quoted);
  return sql;
}

std::string selected_sql(const Dialect& dialect, const Selection& of, const std::string& name) {
  const Column* column = of.table->find(name);
  auto sql = value_sql(dialect, of, name);
  if (column == nullptr || !column->select_as.empty()) sql.append(" AS ").append(quote_name(dialect, name));
  return sql;
}

std::vector<std::string> key_names(const Dialect& dialect, const Selection& of) {
  std::vector<std::string> names;
  for (const auto& key : of.key) names.push_back(column_sql(dialect, of, key.name));
  return names;
}

std::vector<std::string> key_orders(const Dialect& dialect, const Selection& of) {
  std::vector<std::string> orders;
  for (const auto& key : of.key) {
    const Column* column = of.table->find(key.name);
    auto name = column_sql(dialect, of, key.name);
    if (column != nullptr) name = dialect.key_order_sql(*column, name);
    orders.push_back(std::move(name));
  }
  return orders;
}

std::string gone_sql(const Dialect& dialect, const Selection& of) {
  const Column* column = of.gone_column.empty() ? nullptr : of.table->find(of.gone_column);
  if (column == nullptr) return {};
  const auto name = quote_name(dialect, column->name);
  if (column->kind == Kind::boolean) return name + " IS TRUE";
  return column->kind == Kind::integer ? "coalesce(" + name + ", 0) <> 0" : name + " IS NOT NULL";
}

void add_filters(Sql& sql, const Dialect& dialect, const Selection& of, std::string_view lead) {
  for (const auto& filter : of.filters) {
    const auto condition =
        dialect.condition(*of.table->find(filter.column), filter, quote_name(dialect, filter.column));
    sql.text(lead);
    sql.bound(condition.sql, condition.params);
  }
}

void add_match(Sql& sql, const Dialect& dialect, const Selection& of) {
  sql.text("CASE WHEN 1 = 1");
  add_filters(sql, dialect, of, " AND ");
  sql.text(" THEN 1 ELSE 0 END");
}

Sql select_from(const Dialect& dialect, const Selection& of, const std::vector<std::string>& extra) {
  Sql sql = select_columns(dialect, of, extra, {});
  sql.text(" FROM ").text(quote_table(dialect, *of.table));
  return sql;
}

Sql select_with_match(const Dialect& dialect, const Selection& of, const std::vector<std::string>& extra,
                      std::span<const Param> values) {
  Sql sql = select_columns(dialect, of, extra, values);
  sql.text(", ");
  add_match(sql, dialect, of);
  sql.text(" AS vhookd_matched FROM ").text(quote_table(dialect, *of.table));
  return sql;
}

std::string free_name(const Selection& of, std::string name) {
  while (of.table->name.name == name || of.table->find(name) != nullptr) name += '_';
  return name;
}

}  // namespace vhookd
