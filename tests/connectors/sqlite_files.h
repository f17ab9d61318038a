// Database files for tests: a folder of their own, and a second connection that writes.
#pragma once

#include <filesystem>
#include <string>

#include "config/config.h"

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

}  // namespace vhookd::testing
