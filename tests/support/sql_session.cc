#include "tests/support/sql_session.h"

#include <mysql.h>
#include <sqlite3.h>

#include <pqxx/connection>
#include <pqxx/except>
#include <pqxx/nontransaction>
#include <pqxx/result>

#include "tests/support/servers.h"

namespace vhookd::testing {

namespace {

using Rows = std::vector<std::vector<std::string>>;

class PostgresSession final : public SqlSession {
 public:
  explicit PostgresSession(const std::string& url) : connection_(url) {}

  std::int64_t run(const std::string& sql) override { return static_cast<std::int64_t>(exec(sql).affected_rows()); }
  Rows rows(const std::string& sql) override {
    Rows all;
    for (const auto& row : exec(sql)) {
      auto& values = all.emplace_back();
      for (const auto& field : row) values.emplace_back(field.is_null() ? "" : field.c_str());
    }
    return all;
  }

 private:
  pqxx::result exec(const std::string& sql) {
    try {
      return pqxx::nontransaction(connection_).exec(sql);
    } catch (const pqxx::broken_connection&) {
      throw;
    } catch (const pqxx::failure& error) {
      throw Refused(error.what() + (": " + sql));
    }
  }
  pqxx::connection connection_;
};

class MysqlSession final : public SqlSession {
 public:
  MysqlSession(const std::string& host, unsigned port, const std::string& user, const std::string& password,
               const std::string& database)
      : mysql_(mysql_init(nullptr)) {
    const unsigned tcp = MYSQL_PROTOCOL_TCP;
    mysql_options(mysql_, MYSQL_OPT_PROTOCOL, &tcp);
    mysql_options(mysql_, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (mysql_real_connect(mysql_, host.c_str(), user.c_str(), password.c_str(), database.c_str(), port, nullptr, 0) ==
        nullptr) {
      const std::runtime_error error(mysql_error(mysql_));
      mysql_close(mysql_);
      throw error;
    }
    MysqlSession::run("SET time_zone = '+00:00'");
  }
  ~MysqlSession() override { mysql_close(mysql_); }
  MysqlSession(const MysqlSession&) = delete;
  MysqlSession& operator=(const MysqlSession&) = delete;

  std::int64_t run(const std::string& sql) override {
    query(sql);
    const auto touched = static_cast<std::int64_t>(mysql_affected_rows(mysql_));
    if (MYSQL_RES* result = mysql_store_result(mysql_)) mysql_free_result(result);
    return touched;
  }
  Rows rows(const std::string& sql) override {
    query(sql);
    MYSQL_RES* result = mysql_store_result(mysql_);
    if (result == nullptr) throw std::runtime_error("no rows from " + sql);
    Rows all;
    while (MYSQL_ROW row = mysql_fetch_row(result)) {
      auto& values = all.emplace_back();
      for (unsigned i = 0; i < mysql_num_fields(result); ++i) values.emplace_back(row[i] == nullptr ? "" : row[i]);
    }
    mysql_free_result(result);
    return all;
  }

 private:
  void query(const std::string& sql) {
    if (mysql_real_query(mysql_, sql.data(), sql.size()) != 0) throw Refused(mysql_error(mysql_) + (": " + sql));
  }
  MYSQL* mysql_;
};

class SqliteSession final : public SqlSession {
 public:
  explicit SqliteSession(const std::string& path) {
    if (sqlite3_open(path.c_str(), &database_) != SQLITE_OK) throw std::runtime_error("cannot open " + path);
    sqlite3_busy_timeout(database_, 20'000);
  }
  ~SqliteSession() override { sqlite3_close(database_); }
  SqliteSession(const SqliteSession&) = delete;
  SqliteSession& operator=(const SqliteSession&) = delete;

  std::int64_t run(const std::string& sql) override {
    exec(sql, nullptr);
    return sqlite3_changes(database_);
  }
  Rows rows(const std::string& sql) override {
    Rows all;
    exec(sql, &all);
    return all;
  }

 private:
  static int take(void* rows, int count, char** values, char**) {
    auto& row = static_cast<Rows*>(rows)->emplace_back();
    for (int i = 0; i < count; ++i) row.emplace_back(values[i] == nullptr ? "" : values[i]);
    return 0;
  }
  void exec(const std::string& sql, Rows* rows) {
    char* error = nullptr;
    if (sqlite3_exec(database_, sql.c_str(), rows == nullptr ? nullptr : take, rows, &error) == SQLITE_OK) return;
    const std::string text = error == nullptr ? "unknown error" : error;
    sqlite3_free(error);
    throw Refused(text + ": " + sql);
  }
  sqlite3* database_ = nullptr;
};

}  // namespace

std::unique_ptr<SqlSession> SqlSession::open(const Shop& shop, const std::string& server) {
  const auto reader = shop.db_url();
  if (shop.is_sqlite()) return std::make_unique<SqliteSession>(reader.substr(std::string("sqlite://").size()));
  const auto owner = server_url(server).value();  // scheme://user[:password]@host:port/…
  const auto database = reader.substr(reader.rfind('/') + 1);
  if (shop.is_postgres()) return std::make_unique<PostgresSession>(owner.substr(0, owner.rfind('/') + 1) + database);
  const auto begin = owner.find("://") + 3;
  const auto at = owner.find('@', begin);
  const auto login = owner.substr(begin, at - begin);
  const auto address = owner.substr(at + 1, owner.find('/', at) - at - 1);
  const auto colon = address.find(':');
  const auto secret = login.find(':');
  return std::make_unique<MysqlSession>(
      address.substr(0, colon), static_cast<unsigned>(std::stoi(address.substr(colon + 1))), login.substr(0, secret),
      secret == std::string::npos ? "" : login.substr(secret + 1), database);
}

}  // namespace vhookd::testing
