// A statement under construction, with the quoting and the placeholders of its dialect. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/sql/dialect.h"
#include "connectors/sql/query.h"

namespace vhookd {

// Text with ? for each value, bound in order.
class Sql {
 public:
  Sql(const Dialect& dialect, const Table* table) : dialect_(&dialect) { query_.table = table; }

  Sql& text(std::string_view sql) {
    query_.sql += sql;
    return *this;
  }
  // Each ? in `sql` outside quoted names takes the next value; returns how many were taken.
  std::size_t bound(std::string_view sql, std::span<const Param> values);
  Sql& list(std::span<const std::string> items, std::string_view separator);

  // "(a > x OR (a = x AND b > y))" over `columns` and their last values; an index on (a, b) serves the
  // form "a >= x AND (a > x OR b > y)", where row constructors would scan it whole in MySQL.
  Sql& after(std::span<const std::string> columns, std::span<const Param> last);
  // The same for any side of `key`: `beyond` is "<" or ">", `last` that or "<=" or ">=". `marks`: how the value of
  // each column stands, with one ? each.
  Sql& keyset(std::span<const std::string> columns, std::string_view beyond, std::string_view last,
              std::span<const Param> key, std::span<const std::string> marks);

  Query take() { return std::move(query_); }

 private:
  const Dialect* dialect_;
  Query query_;
};

}  // namespace vhookd
