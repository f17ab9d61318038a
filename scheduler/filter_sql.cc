#include "scheduler/filter_sql.h"

#include <algorithm>

#include "core/time_text.h"

namespace vhookd {

using config::Op;

namespace {

std::string marks(std::size_t count, const std::string& mark) {
  std::string out = mark;
  for (std::size_t i = 1; i < count; ++i) out += ", " + mark;
  return out;
}

// `mark` stands for one value.
std::string sql_of(const config::Filter& filter, const std::string& name, const std::string& mark) {
  switch (filter.op) {
    case Op::is_null:
      return name + (filter.values[0].text == "t" ? " IS NULL" : " IS NOT NULL");
    case Op::ne:
      return name + " <> " + mark;
    case Op::gt:
      return name + " > " + mark;
    case Op::gte:
      return name + " >= " + mark;
    case Op::lt:
      return name + " < " + mark;
    case Op::lte:
      return name + " <= " + mark;
    case Op::in:
      return name + " IN (" + marks(filter.values.size(), mark) + ")";
    case Op::not_in:
      return name + " NOT IN (" + marks(filter.values.size(), mark) + ")";
    case Op::like:
      return name + " LIKE " + mark;
    case Op::eq:
      break;
  }
  return name + " = " + mark;
}

bool is_time(const Column& column) {
  return column.kind == Kind::timestamp || column.kind == Kind::timestamptz;
}

// A time in SQLite is a text, with a space or a T in it, with or without an offset. Its own functions know them all, to
// the millisecond; what they take for no time is compared as it is.
std::string sqlite_time(const std::string& sql) {
  return "coalesce(strftime('%Y-%m-%d %H:%M:%f', " + sql + "), " + sql + ")";
}

bool compares_times(const Column& column, const config::Filter& filter) {
  const auto is_text = [](const Param& value) { return value.kind == Kind::text; };
  return is_time(column) && filter.op != Op::like && std::ranges::all_of(filter.values, is_text);
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
  if (dialect == Dialect::sqlite && compares_times(column, filter)) {
    Condition out{sql_of(filter, sqlite_time(name), sqlite_time("?")), {}};
    for (const Param& value : filter.values) out.params.insert(out.params.end(), 2, value);
    return out;
  }
  Condition out{sql_of(filter, name, "?"), filter.values};
  if (dialect == Dialect::mysql)
    for (Param& value : out.params) value = for_mysql(column, filter.op, std::move(value));
  return out;
}

}  // namespace vhookd
