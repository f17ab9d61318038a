// SQL text taken apart by each database's own rules of quoting, knowing nothing of how it was made: so that what a
// name or a value does to a statement can be seen.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace vhookd::testing {

// Whose rules of quoting hold.
enum class SqlKind { postgres, mysql, sqlite };

struct SqlToken {
  enum class Kind { word, name, text, number, mark, sign };
  Kind kind;
  std::string text;  // of a name or a text: what it stands for, without quotes
  bool operator==(const SqlToken&) const = default;
};

using SqlTokens = std::vector<SqlToken>;

// Or what stands in it that never should: a comment, a quote that is never closed, a byte or a form of quoting that
// vhookd does not write; with sql_tokens() a semicolon too, where sql_statements() begins the next statement.
std::expected<SqlTokens, std::string> sql_tokens(SqlKind dialect, std::string_view sql);
std::expected<std::vector<SqlTokens>, std::string> sql_statements(SqlKind dialect, std::string_view sql);

// With N for each quoted name and ? for each mark; several with commas between them are one: "SELECT N FROM N WHERE …".
std::string sql_shape(const SqlTokens& tokens);

}  // namespace vhookd::testing
