// A narrow hold on SQLite for this room only: one connection, statements prepared once and kept, and
// the first error remembered.
//
// After an error every later call is a no-op that yields nothing, until outcome() hands the error over.
// So a job of many statements is written without a check after each; whoever ran it asks once, and
// rolls back. Not thread-safe: the store holds it under its lock.
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
  // Opens the file, which has to be there. The folder's lock is the caller's business.
  static Result<std::unique_ptr<Connection>> open(const std::string& path);
  Connection(sqlite3* handle, std::string path) : handle_(handle), path_(std::move(path)) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool failed() const { return error_.has_value(); }
  Result<void> outcome();  // the first error since the last call; the slate is clean afterwards
  bool in_transaction() const;
  void note_damage();                // what was read can't have been written so: an error as of a damaged file
  std::int64_t last_number() const;  // of the row inserted last

  // Runs one statement to its end; the number of rows it changed. `sql` must outlive the connection.
  template <class... Args>
  std::int64_t run(std::string_view sql, const Args&... args) {
    sqlite3_stmt* statement = prepared(sql);
    if (statement == nullptr) return 0;
    int index = 0;
    (bind(statement, ++index, args, false), ...);
    return finish(statement);
  }
  void script(const std::string& sql);  // several statements, not kept

 private:
  friend class Select;

  sqlite3_stmt* prepared(std::string_view sql);  // null after an error
  std::int64_t finish(sqlite3_stmt* statement);
  bool step(sqlite3_stmt* statement);  // true: there is a row
  void note(int code);

  // `copy` false: the value outlives the statement's run.
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
  std::unordered_map<const char*, sqlite3_stmt*> statements_;  // by where the text stands: it outlives them
  std::optional<Error> error_;
};

// One use of a kept statement that yields rows. Two uses of the same text at once are a mistake.
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

  bool next();  // false: no further row, or an error
  std::int64_t integer(int column) const;
  std::string bytes(int column) const;  // of text and blobs alike
  bool null(int column) const;
  Instant instant(int column) const;
  std::optional<Instant> maybe_instant(int column) const;

 private:
  Connection& db_;
  sqlite3_stmt* statement_;
};

}  // namespace vhookd
