// The parts that statements over one Selection have in common. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/sql/statement.h"
#include "core/question.h"

namespace vhookd {

// How a column of the selection is named: quoted; a row number's name as it is.
std::string column_sql(const Dialect& dialect, const Selection& of, const std::string& name);
// What is selected of it: with the expression that loses nothing on the wire, "expression AS name".
std::string selected_sql(const Dialect& dialect, const Selection& of, const std::string& name);
// The same without " AS name".
std::string value_sql(const Dialect& dialect, const Selection& of, const std::string& name);

std::vector<std::string> key_names(const Dialect& dialect, const Selection& of);
// Expressions whose order is that of core/key.h.
std::vector<std::string> key_orders(const Dialect& dialect, const Selection& of);

// The condition under which a row counts as deleted; empty: never.
std::string gone_sql(const Dialect& dialect, const Selection& of);

// "SELECT columns…, extra… FROM table"
Sql select_from(const Dialect& dialect, const Selection& of, const std::vector<std::string>& extra);
// The filters as one more column, 1 or 0, with their values bound: "…, CASE WHEN … END AS vhookd_matched FROM table".
// `values`: those of the ? in `extra`.
Sql select_with_match(const Dialect& dialect, const Selection& of, const std::vector<std::string>& extra,
                      std::span<const Param> values = {});
// Adds the filters, each with `lead` before it.
void add_filters(Sql& sql, const Dialect& dialect, const Selection& of, std::string_view lead);
// "CASE WHEN 1 = 1 AND … THEN 1 ELSE 0 END"
void add_match(Sql& sql, const Dialect& dialect, const Selection& of);

// `name`, or one like it that the table and its columns leave free.
std::string free_name(const Selection& of, std::string name);

}  // namespace vhookd
