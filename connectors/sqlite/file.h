// One open database file, as strict as SQLite can be asked to be.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>

#include "connectors/connector.h"
#include "core/clock.h"

struct sqlite3;

namespace vhookd::sqlite {

class File {
 public:
  // Opens what is there, for reading only; see connect_sqlite for the errors. Reads nothing yet.
  static Result<std::unique_ptr<File>> open(const std::string& path, const ConnectOptions& options);
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  sqlite3* handle() const { return db_; }
  const std::string& path() const { return path_; }

  Error error(int code) const;  // of the call on handle() that just gave `code`

  // Fails with reconnect where the path has come to name another file: a restore or an atomic rename
  // put it there, and the one still open would never change again.
  Result<void> check_same() const;

  bool may_write() const;  // this process could

  void start_timeout();  // a statement begins now; one that runs over the timeout is interrupted

 private:
  struct Identity {
    dev_t device = 0;
    ino_t inode = 0;
    bool operator==(const Identity&) const = default;
  };

  File(std::string path, std::chrono::milliseconds timeout) : path_(std::move(path)), timeout_(timeout) {}

  static Result<Identity> identify(const std::string& path);
  static int on_progress(void* self);
  Result<void> configure();

  std::string path_;
  std::chrono::milliseconds timeout_;
  Tick deadline_ = Tick::max();
  Identity identity_;
  sqlite3* db_ = nullptr;
};

}  // namespace vhookd::sqlite
