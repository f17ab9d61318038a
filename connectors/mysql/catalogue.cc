#include "connectors/mysql/catalogue.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "connectors/mysql/grants.h"
#include "connectors/mysql/types.h"
#include "connectors/nearest.h"
#include "core/text.h"

namespace vhookd::mysql {
namespace {

using Line = std::vector<std::string>;  // NULL stands as ""
using Lines = std::vector<Line>;

Result<Lines> ask(Session& session, std::string sql, const std::vector<std::string>& params) {
  Query query{.sql = std::move(sql), .params = {}};
  for (const std::string& text : params) query.params.push_back({.kind = Kind::text, .text = text});
  Lines lines;
  const Result<void> done = session.read(query, [&](Row row) {
    Line& line = lines.emplace_back();
    for (const Value& value : row) line.emplace_back(value.text);
    return true;
  });
  if (!done) return std::unexpected(done.error());
  return lines;
}

std::string quoted(const std::string& name) {
  std::string out = "`";
  for (const char c : name) {
    if (c == '`') out += '`';
    out += c;
  }
  return out + "`";
}

std::string full_name(const TableName& name) {
  return quoted(name.schema) + "." + quoted(name.name);
}

bool contains(std::string_view text, std::string_view what) {
  return lower(text).contains(what);
}

Result<std::string> schema_of(const Session& session, const std::string& schema) {
  if (!schema.empty()) return schema;
  if (!session.database().empty()) return session.database();
  return fail(Recourse::ask_operator, "no database is named: put it at the end of db_url, or into db_schema");
}

// 'user'@'host' as GRANT takes it.
std::string current_user(Session& session) {
  const Result<Lines> lines = ask(session, "SELECT CURRENT_USER()", {});
  if (!lines || lines->empty()) return "this user";
  const std::string& user = lines->front()[0];
  const std::size_t at = user.rfind('@');
  return "'" + user.substr(0, at) + "'@'" + (at == std::string::npos ? "" : user.substr(at + 1)) + "'";
}

std::string grant(Session& session, const TableName& name) {
  return "GRANT SELECT ON " + full_name(name) + " TO " + current_user(session);
}

Error missing(Session& session, const TableName& name) {
  std::string message = "there is no table " + full_name(name) + " that this user may see";
  if (const auto there = tables(session, name.schema)) {
    std::vector<std::string> names;
    for (const TableName& one : *there) names.push_back(one.name);
    if (const auto near = nearest(name.name, names); !near.empty()) message += "; nearest: " + joined(near);
  }
  const auto elsewhere =
      ask(session, "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_NAME = ?", {name.name});
  std::vector<std::string> schemas;
  for (const Line& line : elsewhere.value_or(Lines{})) {
    if (line[1] == name.name && line[0] != name.schema && schemas.size() < 5) schemas.push_back(line[0]);
  }
  if (!schemas.empty()) message += "; there is one in the database " + joined(schemas) + " (see db_schema)";
  message += ". If it is there, this is missing: " + grant(session, name);
  return {Recourse::ask_operator, std::move(message)};
}

// MariaDB's JSON is a LONGTEXT with CHECK (json_valid(`name`)). Names of the columns so checked, quoted.
Result<std::vector<std::string>> json_checks(Session& session, const TableName& name) {
  std::vector<std::string> clauses;
  if (!session.is_mariadb() || !session.at_least(10, 4)) return clauses;
  const auto lines = ask(session,
                         "SELECT CHECK_CLAUSE, TABLE_NAME FROM information_schema.CHECK_CONSTRAINTS"
                         " WHERE CONSTRAINT_SCHEMA = ? AND TABLE_NAME = ?",
                         {name.schema, name.name});
  if (!lines) return std::unexpected(lines.error());
  for (const Line& line : *lines) {
    if (line[1] == name.name) clauses.push_back(line[0]);
  }
  return clauses;
}

Result<void> take_columns(Session& session, Table& table) {
  const auto checks = json_checks(session, table.name);
  if (!checks) return std::unexpected(checks.error());
  const auto lines = ask(session,
                         "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, EXTRA, PRIVILEGES"
                         " FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?"
                         " ORDER BY ORDINAL_POSITION",
                         {table.name.schema, table.name.name});
  if (!lines) return std::unexpected(lines.error());
  for (const Line& line : *lines) {
    if (line[0] != table.name.name || !contains(line[6], "select")) continue;
    const bool json = std::ranges::find(*checks, "json_valid(" + quoted(line[1]) + ")") != checks->end();
    Column column = column_of(line[1], line[2], line[3], json);
    column.nullable = line[4] == "YES";
    column.touched_on_update = contains(line[5], "on update");
    table.columns.push_back(std::move(column));
  }
  if (!table.columns.empty()) return {};
  return fail(Recourse::ask_operator,
              "no column of " + full_name(table.name) + " may be read; this is missing: " + grant(session, table.name));
}

Result<void> take_indexes(Session& session, Table& table) {
  std::string visible;
  if (session.is_mariadb() && session.at_least(10, 6)) visible = " AND IGNORED = 'NO'";
  if (!session.is_mariadb() && session.at_least(8, 0)) visible = " AND IS_VISIBLE = 'YES'";
  const auto lines = ask(session,
                         "SELECT TABLE_NAME, INDEX_NAME, NON_UNIQUE, COLUMN_NAME, SUB_PART, INDEX_TYPE"
                         " FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?" +
                             visible + " ORDER BY INDEX_NAME, SEQ_IN_INDEX",
                         {table.name.schema, table.name.name});
  if (!lines) return std::unexpected(lines.error());
  for (const Line& line : *lines) {
    if (line[0] != table.name.name) continue;
    if (line[1] == "PRIMARY") table.primary_key.push_back(line[3]);
    if (line[5] != "BTREE") continue;
    if (table.indexes.empty() || table.indexes.back().name != line[1]) {
      table.indexes.push_back({.name = line[1], .columns = {}, .unique = line[2] == "0"});
    }
    // A prefix of a column orders no better than an expression does.
    table.indexes.back().columns.push_back(line[4].empty() ? line[3] : "");
  }
  return {};
}

// Only an outright word of the server's counts: a failure leaves may_write false.
void take_rights(Session& session, Table& table) {
  const auto lines = ask(session, "SHOW GRANTS", {});
  if (!lines) return;
  std::vector<std::string> grants;
  for (const Line& line : *lines) grants.push_back(line.empty() ? "" : line[0]);
  table.may_write = may_write(grants, table.name.schema, table.name.name);
}

bool is_relation(const std::string& type) {
  return type == "BASE TABLE" || type == "SYSTEM VERSIONED" || type == "VIEW" || type == "SYSTEM VIEW";
}

}  // namespace

Result<Table> describe(Session& session, const TableName& name) {
  const Result<std::string> schema = schema_of(session, name.schema);
  if (!schema) return std::unexpected(schema.error());
  Table table;
  table.name = {*schema, name.name};
  // The catalogue compares without case where its own collation says so: the exact match is ours.
  const auto lines = ask(session,
                         "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, TABLE_ROWS FROM information_schema.TABLES"
                         " WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?",
                         {*schema, name.name});
  if (!lines) return std::unexpected(lines.error());
  const auto line = std::ranges::find_if(
      *lines, [&](const Line& one) { return one[0] == *schema && one[1] == name.name && is_relation(one[2]); });
  if (line == lines->end()) return std::unexpected(missing(session, table.name));
  if ((*line)[2].ends_with("VIEW")) table.relation = Relation::view;
  const std::string& rows = (*line)[3];
  std::from_chars(rows.data(), rows.data() + rows.size(), table.estimated_rows);

  Result<void> done = take_columns(session, table);
  if (done) done = take_indexes(session, table);
  if (!done) return std::unexpected(done.error());
  take_rights(session, table);
  return table;
}

Result<std::vector<TableName>> tables(Session& session, const std::string& schema) {
  const Result<std::string> resolved = schema_of(session, schema);
  if (!resolved) return std::unexpected(resolved.error());
  const auto lines = ask(session,
                         "SELECT DISTINCT t.TABLE_SCHEMA, t.TABLE_NAME, t.TABLE_TYPE FROM information_schema.TABLES t"
                         " JOIN information_schema.COLUMNS c ON c.TABLE_SCHEMA = t.TABLE_SCHEMA"
                         " AND c.TABLE_NAME = t.TABLE_NAME"
                         " WHERE t.TABLE_SCHEMA = ? AND c.TABLE_SCHEMA = ? AND FIND_IN_SET('select', c.PRIVILEGES) > 0",
                         {*resolved, *resolved});
  if (!lines) return std::unexpected(lines.error());
  std::vector<TableName> names;
  for (const Line& line : *lines) {
    if (line[0] == *resolved && is_relation(line[2])) names.push_back({line[0], line[1]});
  }
  std::ranges::sort(names, {}, &TableName::name);
  return names;
}

}  // namespace vhookd::mysql
