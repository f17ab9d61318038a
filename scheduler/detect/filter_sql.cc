#include "scheduler/detect/filter_sql.h"

#include <algorithm>

#include "core/time_text.h"

namespace vhookd {

using config::Op;

namespace {

// `values`: what stands for the value, or for all of a list.
std::string sql_of(const config::Filter& filter, const std::string& name, const std::string& values) {
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

bool is_time(const Column& column) {
  return column.kind == Kind::timestamp || column.kind == Kind::timestamptz;
}

bool compares_with_texts(const config::Filter& filter) {
  return filter.op != Op::like &&
         std::ranges::all_of(filter.values, [](const Param& v) { return v.kind == Kind::text; });
}

// A time in SQLite is a text, with a space or a T in it, with or without an offset. Its own function knows them all, to
// the millisecond. What is no time is compared as the text it is: a bare column would have "2026" made a number of, and
// the function takes it for a Julian day.
Condition times_in_sqlite(const config::Filter& filter, const std::string& name) {
  const auto time = [](const std::string& sql) { return "strftime('%Y-%m-%d %H:%M:%f', " + sql + ")"; };
  std::string marks;
  std::vector<Param> params = filter.values;
  for (Param& value : params) {
    const auto at = parse_time(value.text);
    if (at) value.text = rfc3339(*at);
    marks += (marks.empty() ? "" : ", ") + (at ? time("?") : std::string("?"));
  }
  return {sql_of(filter, "coalesce(" + time(name) + ", " + name + ")", marks), std::move(params)};
}

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

}  // namespace

Condition condition_of(Dialect dialect, const Column& column, const config::Filter& filter, const std::string& name) {
  if (filter.op == Op::is_null) return {sql_of(filter, name, ""), {}};
  if (dialect == Dialect::sqlite && is_time(column) && compares_with_texts(filter))
    return times_in_sqlite(filter, name);
  std::string marks = "?";
  for (std::size_t i = 1; i < filter.values.size(); ++i) marks += ", ?";
  Condition out{sql_of(filter, name, marks), filter.values};
  if (dialect == Dialect::mysql)
    for (Param& value : out.params) value = for_mysql(column, filter.op, std::move(value));
  return out;
}

}  // namespace vhookd
