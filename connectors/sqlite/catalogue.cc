#include "connectors/sqlite/catalogue.h"

#include <algorithm>
#include <functional>

#include "connectors/nearest.h"
#include "connectors/sqlite/statement.h"
#include "connectors/sqlite/types.h"

namespace vhookd::sqlite {

namespace {

using OnStep = std::function<void(Statement&)>;

Param text(std::string value) {
  return {.kind = Kind::text, .null = false, .text = std::move(value)};
}

Result<void> each(File& file, const Query& query, const OnStep& on_step) {
  auto statement = Statement::prepare(file, query);
  if (!statement) return std::unexpected(statement.error());
  for (;;) {
    const auto more = statement->step();
    if (!more) return std::unexpected(more.error());
    if (!*more) return {};
    on_step(*statement);
  }
}

// "main".sqlite_schema; `schema` has passed check_schema.
std::string master(const std::string& schema) {
  return "\"" + schema + "\".sqlite_schema";
}

struct Found {
  bool is_there = false;
  bool is_view = false;
  bool is_virtual = false;
};

Result<Found> find(File& file, const TableName& name) {
  Found found;
  // Compared as bytes: SQLite itself would take orders for Orders.
  const Query query{.sql = "SELECT type, sql LIKE 'CREATE VIRTUAL TABLE %' FROM " + master(name.schema) +
                           " WHERE name = ? AND type IN ('table', 'view')",
                    .params = {text(name.name)}};
  const auto done = each(file, query, [&](Statement& row) {
    found = {.is_there = true, .is_view = row.text(0) == "view", .is_virtual = row.number(1) != 0};
  });
  if (!done) return std::unexpected(done.error());
  return found;
}

std::unexpected<Error> missing(File& file, const TableName& name) {
  std::string message = file.path() + ": no table or view " + name.name;
  std::vector<std::string> names;
  if (const auto list = tables(file, name.schema))
    for (const auto& other : *list) names.push_back(other.name);
  std::string near;
  for (const auto& candidate : nearest(name.name, names)) near += (near.empty() ? "" : ", ") + candidate;
  if (!near.empty()) message += " (names are matched exactly); there is " + near;
  return fail(Recourse::ask_operator, message);
}

Result<void> read_columns(File& file, Table& table) {
  std::vector<std::pair<std::int64_t, std::string>> key;
  // hidden = 1: a virtual table's arguments. 2 and 3 are generated columns.
  const Query query{.sql =
                        "SELECT name, type, \"notnull\", pk FROM pragma_table_xinfo(?, ?) WHERE hidden <> 1 "
                        "ORDER BY cid",
                    .params = {text(table.name.name), text(table.name.schema)}};
  const auto done = each(file, query, [&](Statement& row) {
    const auto type = row.text(1);
    table.columns.push_back({.name = row.text(0),
                             .declared = type,
                             .kind = kind_of(type),
                             .nullable = row.number(2) == 0,
                             .select_as = {}});
    if (const auto place = row.number(3); place > 0) key.emplace_back(place, row.text(0));
  });
  if (!done) return done;
  std::ranges::sort(key);
  for (auto& [place, name] : key) table.primary_key.push_back(std::move(name));
  return {};
}

Result<void> read_index_columns(File& file, const std::string& schema, Index& index) {
  const Query query{.sql = "SELECT name FROM pragma_index_xinfo(?, ?) WHERE key = 1 ORDER BY seqno",
                    .params = {text(index.name), text(schema)}};
  return each(file, query, [&](Statement& row) { index.columns.push_back(row.text(0)); });
}

// INTEGER PRIMARY KEY is the rowid itself: no index of its own, never NULL, and found at once.
void add_rowid(Table& table) {
  if (table.primary_key.size() != 1) return;
  const auto column = std::ranges::find(table.columns, table.primary_key[0], &Column::name);
  column->nullable = false;
  table.indexes.insert(table.indexes.begin(), {.name = "rowid", .columns = table.primary_key, .unique = true});
}

Result<void> read_indexes(File& file, bool is_virtual, Table& table) {
  bool key_has_index = false;
  // A partial one does not hold every row.
  const Query query{.sql =
                        "SELECT name, \"unique\", origin = 'pk' FROM pragma_index_list(?, ?) WHERE NOT partial "
                        "ORDER BY origin <> 'pk', name",
                    .params = {text(table.name.name), text(table.name.schema)}};
  const auto done = each(file, query, [&](Statement& row) {
    table.indexes.push_back({.name = row.text(0), .columns = {}, .unique = row.number(1) != 0});
    if (row.number(2) != 0) key_has_index = true;
  });
  if (!done) return done;
  for (auto& index : table.indexes)
    if (const auto columns = read_index_columns(file, table.name.schema, index); !columns) return columns;
  if (!key_has_index && !is_virtual) add_rowid(table);
  return {};
}

// What ANALYZE left, if it ever ran: the first number of any of its rows.
Result<void> read_estimate(File& file, Table& table) {
  const auto analyzed = find(file, {.schema = table.name.schema, .name = "sqlite_stat1"});
  if (!analyzed) return std::unexpected(analyzed.error());
  if (!analyzed->is_there) return {};
  const Query query{.sql = "SELECT max(CAST(stat AS INTEGER)) FROM \"" + table.name.schema +
                           "\".sqlite_stat1 WHERE tbl = ? HAVING count(*) > 0",
                    .params = {text(table.name.name)}};
  return each(file, query, [&](Statement& row) { table.estimated_rows = row.number(0); });
}

}  // namespace

Result<void> check_schema(const std::string& schema) {
  if (schema == "main" || schema == "temp") return {};
  return fail(Recourse::ask_operator, "db_schema: no schema " + schema + " here; a SQLite file has main");
}

Result<Table> describe(File& file, const TableName& name) {
  if (const auto known = check_schema(name.schema); !known) return std::unexpected(known.error());
  const auto found = find(file, name);
  if (!found) return std::unexpected(found.error());
  if (!found->is_there) return missing(file, name);

  Table table{.name = name,
              .relation = found->is_view ? Relation::view : Relation::table,
              .columns = {},
              .primary_key = {},
              .indexes = {},
              .may_write = file.may_write()};
  if (const auto done = read_columns(file, table); !done) return std::unexpected(done.error());
  if (table.columns.empty())
    return fail(Recourse::ask_operator, file.path() + ": " + name.name + " shows no columns; try SELECT * FROM it");
  if (found->is_view) return table;
  if (const auto done = read_indexes(file, found->is_virtual, table); !done) return std::unexpected(done.error());
  if (const auto done = read_estimate(file, table); !done) return std::unexpected(done.error());
  return table;
}

Result<std::vector<TableName>> tables(File& file, const std::string& schema) {
  if (const auto known = check_schema(schema); !known) return std::unexpected(known.error());
  std::vector<TableName> list;
  // Shadow tables are the insides of virtual ones. GLOB, for LIKE takes _ for any letter.
  const Query query{.sql =
                        "SELECT name FROM pragma_table_list WHERE schema = ? AND type <> 'shadow' "
                        "AND name NOT GLOB 'sqlite_*' ORDER BY name COLLATE BINARY",
                    .params = {text(schema)}};
  const auto done = each(file, query, [&](Statement& row) { list.push_back({.schema = schema, .name = row.text(0)}); });
  if (!done) return std::unexpected(done.error());
  return list;
}

}  // namespace vhookd::sqlite
