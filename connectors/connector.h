// Rows out of a database: the one interface every database implements, one folder for each.
// Adapters translate only; SQL is made once above them (scheduler/detect/sql.h).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/error.h"
#include "core/query.h"
#include "core/table.h"

namespace vhookd {

// One session. Not thread-safe: one thread at a time, any thread. Every session is read-only, speaks
// UTF-8, has UTC as its time zone and gives up on a statement after ConnectOptions::statement_timeout.
// Error texts carry the server's own words, never a password.
//
// After an error with Recourse::reconnect the object is dead: make a new one.
class Connector {
 public:
  virtual ~Connector() = default;

  // The catalogue's word on a table or view, matched exactly. Not there: Recourse::ask_operator,
  // with the nearest names. Not readable by this role: ask_operator, with the GRANT that is missing.
  virtual Result<Table> describe(const TableName& name) = 0;

  // All tables and views of a schema that this role can read, in name order.
  virtual Result<std::vector<TableName>> tables(const std::string& schema) = 0;

  // Between begin and end all reads see one state of the database. end never fails: a broken
  // session shows at the next call.
  virtual Result<void> begin() = 0;
  // begin() and the view's first read, for a server that can be told of both at once. Where it fails there may be a
  // view all the same: end() is due.
  virtual Result<void> begin_with(const Query& query, const OnRow& on_row) {
    auto begun = begin();
    return begun ? read(query, on_row) : begun;
  }
  virtual void end() = 0;

  // Streams the answer row by row in bounded memory, whatever its size. An answer cut short is an
  // error, never a shorter answer. Values live until the callback returns. Where the callback
  // returns false the rest is not read, and the session stays usable.
  // Columns a query selects beside the table's own (xmin, digests) arrive as Kind::text or integer.
  virtual Result<void> read(const Query& query, const OnRow& on_row) = 0;

  // The server's own plan for a query, line by line, where read() can't ask for it; values may stand in it.
  virtual Result<std::vector<std::string>> explain(const Query& /*query*/) { return std::vector<std::string>(); }

  // "PostgreSQL 15.18", "MariaDB 10.11.14", "SQLite 3.40.1".
  virtual std::string server() const = 0;
};

struct ConnectOptions {
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
  std::chrono::milliseconds statement_timeout = std::chrono::minutes(5);
};

// How a session is had; a fake stands in for it in the simulation.
using Connect = std::function<Result<std::unique_ptr<Connector>>(const config::Database&, const ConnectOptions&)>;

// The real one: one line for each database.
Result<std::unique_ptr<Connector>> connect(const config::Database& database, const ConnectOptions& options);

// What must be called once in main before threads start, and the names and versions of the linked
// client libraries, for `vhookd version`.
void initialise_connectors();
std::vector<std::string> client_libraries();

}  // namespace vhookd
