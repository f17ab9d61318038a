// The description of one table, from the database's catalogue.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/value.h"

namespace vhookd {

enum class Relation { table, partitioned_table, view, materialized_view, foreign_table };

struct Column {
  std::string name;      // exactly as in the catalogue
  std::string declared;  // the database's name of the type, for messages: "numeric(10,2)"
  Kind kind = Kind::text;
  Kind element = Kind::text;  // element type of arrays
  bool nullable = true;
  bool touched_on_update = false;  // the server sets it on every update (ON UPDATE CURRENT_TIMESTAMP)
  // The expression that selects it without loss of precision, with {} for the quoted name; empty: the name itself.
  // MySQL: "{}*1e0" for FLOAT, which otherwise prints six digits.
  std::string select_as;
};

struct Index {
  std::string name;
  std::vector<std::string> columns;  // in index order; "" for an expression
  bool unique = false;
};

struct TableName {
  std::string schema;  // empty: the connection's default schema
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
  TableName name;  // with the schema resolved
  Relation relation = Relation::table;
  std::vector<Column> columns;              // in catalogue order
  std::vector<std::string> primary_key;     // in key order; empty: none
  std::vector<Index> indexes;               // including the primary key's
  std::int64_t estimated_rows = -1;         // -1: unknown
  bool may_write = false;                   // the role could INSERT, UPDATE or DELETE here
  bool row_security = false;                // row-level security policies limit the rows that the role sees
  bool foreign_parts = false;               // some of its partitions are foreign tables
  bool has_heirs = false;                   // other tables inherit from it (not as partitions); their rows are its own
  std::shared_ptr<const TableNotes> notes;  // the connector's own; null: none

  const Column* find(const std::string& column) const;  // nullptr: no such column
};

}  // namespace vhookd
