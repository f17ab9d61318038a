#include "tests/connectors/sqlite_files.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <stdexcept>

#include "connectors/sqlite/sqlite.h"

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

std::unique_ptr<SqlSession> open(const config::Database& database, const ConnectOptions& options) {
  auto session = connect_sqlite(database, options);
  if (session) return std::move(*session);
  ADD_FAILURE() << session.error().message;
  return nullptr;
}

Error refusal(const config::Database& database, const ConnectOptions& options) {
  const auto session = connect_sqlite(database, options);
  if (!session) return session.error();
  ADD_FAILURE() << "opened " << database.display;
  return {};
}

Result<Texts> read(SqlSession& session, const std::string& sql) {
  Texts texts;
  const auto done = session.read({.sql = sql, .params = {}}, [&](Row row) {
    texts.emplace_back(row[0].text);
    return true;
  });
  if (!done) return std::unexpected(done.error());
  return texts;
}

std::string one(SqlSession& session, const std::string& sql) {
  const auto texts = read(session, sql);
  if (!texts) return texts.error().message;
  return texts->size() == 1 ? (*texts)[0] : "no single row";
}

config::Database at_url(const std::string& url) {
  return {.type = DbType::sqlite, .url = Secret(url), .display = url, .schema = {}};
}

bool holds(const Error& error, const std::string& words) {
  return error.message.find(words) != std::string::npos;
}

}  // namespace vhookd::testing
