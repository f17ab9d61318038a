// What a database's catalogue says of one table.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/value.h"

namespace vhookd {

enum class Relation { table, partitioned_table, view, materialized_view, foreign_table };

struct Column {
  std::string name;      // exactly as the catalogue has it
  std::string declared;  // the database's own name of the type, for people: "numeric(10,2)"
  Kind kind = Kind::text;
  Kind element = Kind::text;  // of arrays
  bool nullable = true;
  bool touched_on_update = false;  // the server itself sets it on every update (ON UPDATE CURRENT_TIMESTAMP)
  // How to select it so that nothing is lost on the wire, with {} for the quoted name; empty: the
  // name itself. MySQL: "{}*1e0" for FLOAT, which otherwise prints six digits.
  std::string select_as;
};

struct Index {
  std::string name;
  std::vector<std::string> columns;  // in index order; an expression stands as ""
  bool unique = false;
};

struct TableName {
  std::string schema;  // empty: the connection's default
  std::string name;
  bool operator==(const TableName&) const = default;
};

// What a connector notes of a table for itself. No other code looks inside.
struct TableNotes {
  TableNotes() = default;
  TableNotes(const TableNotes&) = default;
  TableNotes& operator=(const TableNotes&) = default;
  virtual ~TableNotes() = default;
};

struct Table {
  TableName name;  // schema resolved
  Relation relation = Relation::table;
  std::vector<Column> columns;              // in catalogue order
  std::vector<std::string> primary_key;     // in key order; empty: none
  std::vector<Index> indexes;               // the primary key's among them
  std::int64_t estimated_rows = -1;         // -1: not known
  bool may_write = false;                   // the role could INSERT, UPDATE or DELETE here
  bool row_security = false;                // policies choose the rows the role sees
  bool foreign_parts = false;               // some of its rows are a foreign table's
  bool has_heirs = false;                   // its rows are also those of tables that inherit from it, no partitions
  std::shared_ptr<const TableNotes> notes;  // the connector's own; null: none

  const Column* find(const std::string& column) const;  // null: no such column
};

}  // namespace vhookd
