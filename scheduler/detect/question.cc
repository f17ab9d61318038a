#include "scheduler/detect/question.h"

#include "scheduler/detect/key.h"

namespace vhookd {

namespace {

Sql select_columns(const Plan& plan, const std::vector<std::string>& extra, std::span<const Param> values) {
  Sql sql(plan.dialect, plan.table);
  sql.text("SELECT ").list(plan.selected, ", ");
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

Sql select_from(const Plan& plan, const std::vector<std::string>& extra) {
  Sql sql = select_columns(plan, extra, {});
  sql.text(" FROM ").text(plan.from);
  return sql;
}

void add_filters(Sql& sql, const Plan& plan, std::string_view lead) {
  std::span<const Param> values = plan.filter_params;
  for (const auto& condition : plan.filter) {
    sql.text(lead);
    values = values.subspan(sql.bound(condition, values));
  }
}

Sql select_with_match(const Plan& plan, const std::vector<std::string>& extra, std::span<const Param> values) {
  Sql sql = select_columns(plan, extra, values);
  sql.text(", CASE WHEN 1 = 1");
  add_filters(sql, plan, " AND ");
  sql.text(" THEN 1 ELSE 0 END AS vhookd_matched FROM ").text(plan.from);
  return sql;
}

std::string free_name(const Plan& plan, std::string name) {
  while (plan.table->name.name == name || plan.table->find(name) != nullptr) name += '_';
  return name;
}

std::vector<std::string> key_names(const Plan& plan) {
  std::vector<std::string> names;
  for (const auto& key : plan.key) names.push_back(key.sql);
  return names;
}

std::vector<std::string> key_orders(const Plan& plan) {
  std::vector<std::string> orders;
  for (const auto& key : plan.key) orders.push_back(key.order);
  return orders;
}

Result<std::string> key_of(const Plan& plan, Row row) {
  std::string bytes;
  for (const auto& key : plan.key)
    if (!append_key(bytes, row[key.position]))
      return fail(Recourse::ask_operator, plan.webhook->id + ": key column " + key.name +
                                              " is NULL or floating point in a row, so the row can't be told from "
                                              "others; name other columns under key");
  return bytes;
}

Param own(const Value& value) {
  Param copy;
  own(value, copy);
  return copy;
}

void own(const Value& value, Param& copy) {
  copy.kind = value.kind == Kind::hex ? Kind::text : value.kind;
  copy.null = value.null;
  copy.text.assign(value.kind == Kind::hex ? "\\x" : "");
  copy.text += value.text;
}

}  // namespace vhookd
