#include "tests/connectors/sqlite_files.h"

#include <sqlite3.h>
#include <stdlib.h>

#include <stdexcept>

namespace vhookd::testing {

Folder::Folder() {
  auto name = (std::filesystem::temp_directory_path() / "vhookd_sqlite_XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp " + name);
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Writer::Writer(const std::string& path) {
  if (sqlite3_open(path.c_str(), &db_) != SQLITE_OK) throw std::runtime_error("can't open " + path);
}

Writer::~Writer() {
  sqlite3_close(db_);
}

void Writer::execute(const std::string& sql) {
  if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    throw std::runtime_error(std::string(sqlite3_errmsg(db_)) + ": " + sql.substr(0, 300));
}

config::Database sqlite_at(const std::string& path) {
  return {.type = DbType::sqlite, .url = Secret("sqlite://" + path), .display = "sqlite://" + path, .schema = {}};
}

}  // namespace vhookd::testing
