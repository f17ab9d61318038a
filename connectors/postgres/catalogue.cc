#include "connectors/postgres/catalogue.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "connectors/nearest.h"
#include "connectors/postgres/change_sql.h"

namespace vhookd::postgres {
namespace {

// One answer of lines of three kinds, told by their first column: c the columns, i the indexes (403: btree), t the
// table, behind its kind s where row security is on, h where it has heirs, w where each row lies within a page. $1
// schema or empty, $2 name; both stay text, since a cast to name would cut a longer one to 63 bytes and find another
// table. To plan it takes longer than to run it (0.6 ms with five relations, 1.9 with twenty, against 0.1): so few of
// them as can be, nothing that would scan a catalogue whole, and the plan is kept where it can be.
std::string describe_sql(int version) {
  // PostgreSQL 18 may promise NOT NULL for new rows only.
  constexpr auto since_18 =
      " AND NOT COALESCE((SELECT true FROM pg_catalog.pg_constraint n WHERE n.conrelid = a.attrelid AND n.contype = "
      "'n' "
      "AND NOT n.convalidated AND n.conkey = ARRAY[a.attnum] LIMIT 1), false)";
  return std::string(R"(
WITH t AS MATERIALIZED (
  SELECT c.oid, n.oid AS schema_oid, n.nspname, c.relkind, c.reltuples, c.relpages, c.relrowsecurity, c.relhassubclass,
         c.relkind IN ('r', 'm') AND NOT c.relhassubclass AND COALESCE(pg_catalog.pg_relation_size(c.reltoastrelid), 0) = 0 AS short
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = COALESCE(NULLIF($1::text, ''), pg_catalog.current_schema()::text)
     AND c.relname = $2::text AND c.relkind IN ('r', 'p', 'v', 'm', 'f'))
SELECT 't' AS line, oid::bigint AS number, nspname::text AS a,
       relkind::text || CASE WHEN relrowsecurity THEN 's' ELSE '' END || CASE WHEN relhassubclass THEN 'h' ELSE '' END
         || CASE WHEN short THEN 'w' ELSE '' END AS b,
       CASE WHEN relkind IN ('p', 'v') OR reltuples < 0 THEN '-1'
            WHEN reltuples = 0 AND relpages = 0
                 AND pg_catalog.current_setting('server_version_num')::int < 140000 THEN '-1'
            ELSE reltuples::bigint::text END AS c,
       (pg_catalog.has_table_privilege(oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
        OR pg_catalog.has_any_column_privilege(oid, 'INSERT, UPDATE'))::text AS d,
       pg_catalog.has_schema_privilege(schema_oid, 'USAGE')::text AS e, CURRENT_USER::text AS f
  FROM t
UNION ALL
SELECT 'c', a.attnum, a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), a.atttypid::text,
       (a.attnotnull)") +
         (version >= 180000 ? since_18 : "") + R"()::text,
       pg_catalog.has_column_privilege(t.oid, a.attnum, 'SELECT')::text, NULL
  FROM t JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'i', i.indexrelid::bigint, x.relname::text, i.indkey::text, i.indnkeyatts::text, i.indisunique::text,
       i.indisprimary::text, NULL
  FROM t JOIN pg_catalog.pg_index i ON i.indrelid = t.oid JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
 WHERE i.indisvalid AND i.indisready AND i.indpred IS NULL AND x.relam = 403
ORDER BY line, number)";
}

// Of a table that has or had heirs or partitions, $1 its oid: whether one of them is foreign, and how many rows the
// partitions have in all.
constexpr auto heirs_sql = R"(
WITH RECURSIVE h AS (
  SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent = $1::oid
  UNION SELECT i.inhrelid FROM h JOIN pg_catalog.pg_inherits i ON i.inhparent = h.inhrelid)
SELECT count(*)::text, COALESCE(bool_or(c.relkind = 'f'), false)::text,
       (SELECT CASE WHEN min(l.reltuples) >= 0 THEN sum(l.reltuples)::bigint ELSE -1 END
          FROM pg_catalog.pg_partition_tree($1::oid) p JOIN pg_catalog.pg_class l ON l.oid = p.relid
         WHERE p.isleaf)::text
  FROM h JOIN pg_catalog.pg_class c ON c.oid = h.inhrelid)";

// What is there, for who asked for what is not: s the schemas, t the tables of the schema, o the
// schemas with a table of that very name, d the schema that was looked in.
constexpr auto surroundings_sql = R"(
WITH wanted AS (
  SELECT COALESCE(NULLIF($1::text, ''), pg_catalog.current_schema()::text) AS schema, $2::text AS name),
relations AS (
  SELECT n.nspname, c.relname
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition)
SELECT 'd', COALESCE(schema, '') FROM wanted
UNION ALL
SELECT 's', nspname::text FROM pg_catalog.pg_namespace
UNION ALL
(SELECT 't', relname::text FROM relations JOIN wanted ON nspname = schema LIMIT 10000)
UNION ALL
(SELECT 'o', nspname::text FROM relations JOIN wanted ON relname = name WHERE nspname IS DISTINCT FROM schema
  ORDER BY 2 LIMIT 5))";

// d the schema if it is there, t what the role may read in it.
constexpr auto tables_sql = R"(
WITH s AS MATERIALIZED (
  SELECT oid, nspname FROM pg_catalog.pg_namespace
   WHERE nspname = COALESCE(NULLIF($1::text, ''), pg_catalog.current_schema()::text))
SELECT 'd' AS line, nspname::text COLLATE "C" AS name FROM s
UNION ALL
SELECT 't', c.relname::text COLLATE "C"
  FROM s JOIN pg_catalog.pg_class c ON c.relnamespace = s.oid
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
   AND pg_catalog.has_schema_privilege(s.oid, 'USAGE')
   AND (pg_catalog.has_table_privilege(c.oid, 'SELECT') OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT'))
ORDER BY 1, 2)";

Param text(const std::string& value) {
  return {.kind = Kind::text, .text = value};
}

bool is_true(const pqxx::field& field) {
  return std::string_view(field.c_str()) == "true";
}

std::string quote_name(std::string_view name) {
  std::string text = "\"";
  for (const char c : name) text.append(c == '"' ? 2 : 1, c);
  return text + "\"";
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

Relation relation_of(char relkind) {
  switch (relkind) {
    case 'p':
      return Relation::partitioned_table;
    case 'v':
      return Relation::view;
    case 'm':
      return Relation::materialized_view;
    case 'f':
      return Relation::foreign_table;
    default:
      return Relation::table;
  }
}

// What hangs on the role rather than on the table.
struct Access {
  std::string role;
  bool usage = false;
};

// Why there is no such table, and what may have been meant.
Error not_there(Session& session, const TableName& name) {
  const auto rows = session.run(surroundings_sql, {text(name.schema), text(name.name)});
  if (!rows) return rows.error();
  std::string schema;
  std::vector<std::string> schemas;
  std::vector<std::string> tables;
  std::vector<std::string> others;
  for (const auto& row : *rows) {
    const std::string value = row[1].c_str();
    switch (row[0].c_str()[0]) {
      case 'd':
        schema = value;
        break;
      case 's':
        schemas.push_back(value);
        break;
      case 't':
        tables.push_back(value);
        break;
      default:
        others.push_back(value);
    }
  }
  std::string message;
  if (schema.empty()) {
    message = "none of the schemas on the role's search_path exists; set db_schema";
  } else if (std::ranges::find(schemas, schema) == schemas.end()) {
    message = "there is no schema " + quote_name(schema);
    if (const auto near = nearest(schema, schemas); !near.empty()) message += "; the nearest: " + listed(near);
  } else {
    message = "there is no table or view " + quote_name(name.name) + " in schema " + quote_name(schema);
    if (const auto near = nearest(name.name, tables); !near.empty()) message += "; the nearest: " + listed(near);
  }
  if (!others.empty()) message += "; a " + quote_name(name.name) + " is in schema " + listed(others);
  return {.recourse = Recourse::ask_operator, .message = std::move(message)};
}

Error not_readable(const TableName& name, const Access& access) {
  const auto role = quote_name(access.role);
  std::string grant;
  if (!access.usage) grant = "GRANT USAGE ON SCHEMA " + quote_name(name.schema) + " TO " + role + "; ";
  grant += "GRANT SELECT ON " + quote_name(name.schema) + "." + quote_name(name.name) + " TO " + role + ";";
  return {.recourse = Recourse::ask_operator,
          .message = "role " + role + " may not read " + quote_name(name.schema) + "." + quote_name(name.name) +
                     "; run: " + grant};
}

// Attribute numbers, 0 for an expression, as PostgreSQL prints an int2vector: "1 0 3"; those after the key's are
// only carried along.
void add_index(Table& table, const std::map<int, std::string>& names, const pqxx::row& row) {
  Index index{.name = row[2].c_str(), .columns = {}, .unique = is_true(row[5])};
  std::istringstream numbers(row[3].c_str());
  const auto columns = static_cast<std::size_t>(std::stoul(row[4].c_str()));
  for (int number = 0; index.columns.size() < columns && numbers >> number;) {
    const auto name = names.find(number);
    index.columns.push_back(name == names.end() ? "" : name->second);
  }
  if (is_true(row[6])) table.primary_key = index.columns;
  table.indexes.push_back(std::move(index));
}

Result<void> add_heirs(Session& session, Table& table, const std::string& oid) {
  const auto rows = session.run(heirs_sql, {text(oid)});
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return {};
  const auto row = (*rows)[0];
  table.has_heirs = table.relation == Relation::table && std::string_view(row[0].c_str()) != "0";
  table.foreign_parts = is_true(row[1]);
  if (table.relation == Relation::partitioned_table && !row[2].is_null())
    table.estimated_rows = std::stoll(row[2].c_str());
  return {};
}

}  // namespace

Result<Table> describe(Session& session, Types& types, const TableName& name) {
  const auto rows = session.run_kept(describe_sql(session.version()), {text(name.schema), text(name.name)}, false);
  if (!rows) return std::unexpected(rows.error());
  Table table;
  const auto notes = std::make_shared<Notes>();
  table.notes = notes;
  table.name = name;
  Access access;
  std::vector<Oid> oids;
  std::map<int, std::string> names;  // of all columns, also those this role may not read
  std::string heirs_of;              // empty: there are none
  for (const auto& row : *rows) {
    switch (row[0].c_str()[0]) {
      case 't':
        table.name.schema = row[2].c_str();
        notes->oid = std::stoull(row[1].c_str());
        table.relation = relation_of(row[3].c_str()[0]);
        notes->short_rows = std::string_view(row[3].c_str() + 1).contains('w');
        table.row_security = std::string_view(row[3].c_str() + 1).contains('s');
        if (std::string_view(row[3].c_str() + 1).contains('h')) heirs_of = row[1].c_str();
        table.estimated_rows = std::stoll(row[4].c_str());
        table.may_write = is_true(row[5]);
        access = {.role = row[7].c_str(), .usage = is_true(row[6])};
        break;
      case 'c':
        names[std::stoi(row[1].c_str())] = row[2].c_str();
        if (!is_true(row[6])) break;
        table.columns.emplace_back();
        table.columns.back().name = row[2].c_str();
        table.columns.back().declared = row[3].c_str();
        table.columns.back().nullable = !is_true(row[5]);
        oids.push_back(static_cast<Oid>(std::stoul(row[4].c_str())));
        break;
      default:
        add_index(table, names, row);
    }
  }
  if (access.role.empty()) return std::unexpected(not_there(session, name));
  if (!access.usage || table.columns.empty()) return std::unexpected(not_readable(table.name, access));
  if (!heirs_of.empty())
    if (auto added = add_heirs(session, table, heirs_of); !added) return std::unexpected(added.error());
  const auto meanings = types.meanings(session, oids);
  if (!meanings) return std::unexpected(meanings.error());
  for (std::size_t i = 0; i < oids.size(); ++i) {
    table.columns[i].kind = (*meanings)[i].kind;
    table.columns[i].element = (*meanings)[i].element;
  }
  return table;
}

Result<std::vector<TableName>> tables(Session& session, const std::string& schema) {
  const auto rows = session.run(tables_sql, {text(schema)});
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return std::unexpected(not_there(session, {.schema = schema, .name = {}}));
  std::vector<TableName> names;
  const std::string found = (*rows)[0][1].c_str();
  for (const auto& row : *rows)
    if (row[0].c_str()[0] == 't') names.push_back({.schema = found, .name = row[1].c_str()});
  return names;
}

}  // namespace vhookd::postgres
