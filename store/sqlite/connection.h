// A connection to the state file: statements are prepared once and kept, and the first error is remembered.
//
// After an error every later call does nothing and returns nothing, until outcome() returns the error. So a job of many
// statements needs no check after each: whoever runs the job asks once, and rolls back. Not thread-safe: StateFile
// holds it under a lock.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/clock.h"
#include "core/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace vhookd {

struct Blob {
  std::string_view bytes;
};

class Connection {
 public:
  // Opens an existing file. REQUIRES: the caller holds the folder's lock.
  static Result<std::unique_ptr<Connection>> open(const std::string& path);
  Connection(sqlite3* handle, std::string path) : handle_(handle), path_(std::move(path)) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool failed() const { return error_.has_value(); }
  Result<void> outcome();  // the first error since the last call, which is forgotten then
  bool in_transaction() const;
  void note_damage();                // the content of a row is invalid: the same error as for a damaged file
  std::int64_t last_number() const;  // rowid of the row inserted last

  // Runs one statement to its end. Returns the number of rows it changed. `sql` must outlive the connection.
  template <class... Args>
  std::int64_t run(std::string_view sql, const Args&... args) {
    sqlite3_stmt* statement = prepared(sql);
    if (statement == nullptr) return 0;
    int index = 0;
    (bind(statement, ++index, args, false), ...);
    return finish(statement);
  }
  void script(const std::string& sql);  // runs several statements, which are not kept

 private:
  friend class Select;

  sqlite3_stmt* prepared(std::string_view sql);  // null after an error
  std::int64_t finish(sqlite3_stmt* statement);
  bool step(sqlite3_stmt* statement);  // true: there is a row
  void note(int code);

  // `copy` false: the value lives until the statement has run.
  void bind_integer(sqlite3_stmt* statement, int index, std::int64_t value);
  void bind(sqlite3_stmt* statement, int index, std::string_view text, bool copy);
  void bind(sqlite3_stmt* statement, int index, Blob blob, bool copy);
  void bind(sqlite3_stmt* statement, int index, std::integral auto value, bool) {
    bind_integer(statement, index, static_cast<std::int64_t>(value));
  }
  void bind(sqlite3_stmt* statement, int index, Instant at, bool) {
    bind_integer(statement, index, at.time_since_epoch().count());
  }

  sqlite3* handle_;
  std::string path_;
  std::unordered_map<const char*, sqlite3_stmt*> statements_;  // by the address of their text
  std::optional<Error> error_;
};

// One run of a kept statement that returns rows. REQUIRES: no other Select on the same text is alive.
class Select {
 public:
  template <class... Args>
  Select(Connection& db, std::string_view sql, const Args&... args) : db_(db), statement_(db.prepared(sql)) {
    if (statement_ == nullptr) return;
    int index = 0;
    (db_.bind(statement_, ++index, args, true), ...);
  }
  ~Select();
  Select(const Select&) = delete;
  Select& operator=(const Select&) = delete;

  bool next();  // false: there is no further row, or an error
  std::int64_t integer(int column) const;
  std::string bytes(int column) const;  // of text or blob
  bool null(int column) const;
  Instant instant(int column) const;
  std::optional<Instant> maybe_instant(int column) const;

 private:
  Connection& db_;
  sqlite3_stmt* statement_;
};

}  // namespace vhookd
