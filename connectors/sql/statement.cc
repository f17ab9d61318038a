#include "connectors/sql/statement.h"

namespace vhookd {

std::size_t Sql::bound(std::string_view sql, std::span<const Param> values) {
  std::size_t next = 0;
  char inside = '\0';  // the quote of a name we are in
  for (const char c : sql) {
    if (inside == '\0' && c == '?') {
      query_.params.push_back(values[next++]);
      query_.sql += dialect_->placeholder(query_.params.size());
      continue;
    }
    if (c == '"' || c == '`') inside = inside == c ? '\0' : inside == '\0' ? c : inside;
    query_.sql += c;
  }
  return next;
}

Sql& Sql::list(std::span<const std::string> items, std::string_view separator) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) query_.sql += separator;
    query_.sql += items[i];
  }
  return *this;
}

Sql& Sql::after(std::span<const std::string> columns, std::span<const Param> last) {
  return keyset(columns, ">", ">", last, std::vector<std::string>(columns.size(), "?"));
}

Sql& Sql::keyset(std::span<const std::string> columns, std::string_view beyond, std::string_view last,
                 std::span<const Param> key, std::span<const std::string> marks) {
  const auto compare = [&](std::size_t i, std::string_view op) {
    text(columns[i]).text(" ").text(op).text(" ");
    bound(marks[i], key.subspan(i, 1));
  };
  const std::string or_equal = std::string(beyond) + "=";
  for (std::size_t i = 0; i + 1 < columns.size(); ++i) {
    compare(i, or_equal);
    text(" AND (");
    compare(i, beyond);
    text(" OR (");
  }
  compare(columns.size() - 1, last);
  for (std::size_t i = 0; i + 1 < columns.size(); ++i) text("))");
  return *this;
}

}  // namespace vhookd
