// Database files for tests: a folder of their own, a second connection that writes, and short words for
// what the connector makes of them.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "connectors/connector.h"
#include "connectors/sql/session.h"

struct sqlite3;

namespace vhookd::testing {

// A folder that is gone with the object.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// The program that owns the database: makes the file where it is missing.
class Writer {
 public:
  explicit Writer(const std::string& path);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  void execute(const std::string& sql);  // throws std::runtime_error

 private:
  sqlite3* db_ = nullptr;
};

config::Database sqlite_at(const std::string& path);

using Texts = std::vector<std::string>;

std::unique_ptr<SqlSession> open(const config::Database& database, const ConnectOptions& options = {});
Error refusal(const config::Database& database, const ConnectOptions& options = {});  // of connecting
Result<Texts> read(SqlSession& session, const std::string& sql);                      // the first column
std::string one(SqlSession& session, const std::string& sql);  // the one answer, or what went wrong
bool holds(const Error& error, const std::string& words);

}  // namespace vhookd::testing
