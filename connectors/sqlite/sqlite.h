// SQLite files, read by the library itself: there is no server, the file is the database.
#pragma once

#include <memory>
#include <string>

#include "connectors/connector.h"
#include "connectors/sql/session.h"

namespace vhookd {

// Opens the file a sqlite:///absolute/path.db URL names (percent-decoded), read-only; it is never
// created and never written to. Whatever a person has to mend is ask_operator: a path that is not
// absolute, a missing or unreadable file, one that is no database. A writer that keeps it locked is retry.
//
// A database in WAL mode keeps a -wal and a -shm file beside it, and SQLite has to make them where they
// are missing: then this process must be able to write to the folder, though never to the database.
//
// Values: SQLite types the cell, not the column, so a column may hold several kinds. The declared type
// decides only what a cell of a fitting storage class means:
//   - BOOL, BOOLEAN: the integers 0 and 1 are booleans;
//   - DECIMAL, DEC, NUMERIC: integers and reals are decimals, a real with the digits that read back to it;
//   - JSON, JSONB: text is loose_json;
//   - DATETIME…, TIMESTAMP…: text written YYYY-MM-DD HH:MM:SS[.f] is a timestamp; where the type names
//     a time zone, a timestamptz (such text is UTC by SQLite's custom). Any other form, T, Z or offsets
//     in it, is text, unchanged; an integer or a real (an epoch) is a number.
//
// describe() leaves out the hidden columns of virtual tables, as SELECT * does, and partial indexes.
// estimated_rows is ANALYZE's figure. may_write: this process could write the file.
Result<std::unique_ptr<SqlSession>> connect_sqlite(const config::Database& database, const ConnectOptions& options);

std::string sqlite_library();  // "SQLite 3.40.1"

}  // namespace vhookd
