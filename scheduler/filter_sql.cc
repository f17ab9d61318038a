#include "scheduler/filter_sql.h"

#include "core/time_text.h"

namespace vhookd {

using config::Op;

namespace {

std::string marks(std::size_t count) {
  std::string out = "?";
  for (std::size_t i = 1; i < count; ++i) out += ", ?";
  return out;
}

}  // namespace

std::string condition_of(const config::Filter& filter, const std::string& name) {
  switch (filter.op) {
    case Op::is_null:
      return name + (filter.values[0].text == "t" ? " IS NULL" : " IS NOT NULL");
    case Op::ne:
      return name + " <> ?";
    case Op::gt:
      return name + " > ?";
    case Op::gte:
      return name + " >= ?";
    case Op::lt:
      return name + " < ?";
    case Op::lte:
      return name + " <= ?";
    case Op::in:
      return name + " IN (" + marks(filter.values.size()) + ")";
    case Op::not_in:
      return name + " NOT IN (" + marks(filter.values.size()) + ")";
    case Op::like:
      return name + " LIKE ?";
    case Op::eq:
      break;
  }
  return name + " = ?";
}

// MySQL finds a text equal to a number where it reads as that number, and one that reads as none is 0. MariaDB leaves
// the offset of a time unread; the session's zone is UTC.
Param compared(Dialect dialect, const Column& column, Op op, Param value) {
  if (dialect != Dialect::mysql) return value;
  if (column.kind == Kind::timestamp || column.kind == Kind::timestamptz) {
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

}  // namespace vhookd
