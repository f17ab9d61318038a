// One session of an SQL database: what a connector's folder implements below SqlSource.
#pragma once

#include <string>
#include <vector>

#include "connectors/sql/query.h"
#include "core/error.h"
#include "core/table.h"

namespace vhookd {

// Not thread-safe: one thread at a time, any thread. Every session is read-only, speaks UTF-8, has UTC as its time
// zone and gives up on a statement after ConnectOptions::statement_timeout (connectors/connector.h). Error texts carry
// the server's own words, never a password. Adapters translate only; SqlSource makes the SQL.
//
// After an error with Recourse::reconnect the object is dead: make a new one.
class SqlSession {
 public:
  virtual ~SqlSession() = default;

  // As Source::describe and Source::tables.
  virtual Result<Table> describe(const TableName& name) = 0;
  virtual Result<std::vector<TableName>> tables(const std::string& schema) = 0;

  // Between begin and end all reads see one state of the database. end never fails: a broken session shows at the next
  // call.
  virtual Result<void> begin() = 0;
  // begin() and the view's first read, for a server that takes both at once. Where it fails there may be a view all the
  // same: end() is due.
  virtual Result<void> begin_with(const Query& query, const OnRow& on_row) {
    auto begun = begin();
    return begun ? read(query, on_row) : begun;
  }
  virtual void end() = 0;

  // As Source::read. Columns a query selects in addition to the table's own arrive as Kind::text or integer.
  virtual Result<void> read(const Query& query, const OnRow& on_row) = 0;

  // The server's own plan for a query, line by line, where read() can't ask for it; values may stand in it.
  virtual Result<std::vector<std::string>> explain(const Query& /*query*/) { return std::vector<std::string>(); }

  // "PostgreSQL 15.18", "MariaDB 10.11.14", "SQLite 3.40.1".
  virtual std::string server() const = 0;
};

}  // namespace vhookd
