#include "tests/support/shop.h"

#include <mysql.h>
#include <sqlite3.h>
#include <unistd.h>

#include <pqxx/connection>
#include <pqxx/nontransaction>
#include <stdexcept>

#include "tests/support/program.h"
#include "tests/support/servers.h"

namespace vhookd::testing {

namespace {

std::string fresh_name() {
  static int made = 0;
  return "shop_" + std::to_string(getpid()) + "_" + std::to_string(++made);
}

const std::string canary = "CanaryPassword7";

struct Place {
  std::string login, address;  // user[:password], host:port
};

// scheme://LOGIN@ADDRESS/…
Place place_of(const std::string& url) {
  const auto begin = url.find("://") + 3;
  const auto at = url.find('@', begin);
  return {url.substr(begin, at - begin), url.substr(at + 1, url.find('/', at) - at - 1)};
}

class SqliteShop final : public Shop {
 public:
  SqliteShop() {
    if (sqlite3_open((folder_.path() / "shop.db").c_str(), &database_) != SQLITE_OK)
      throw std::runtime_error("cannot make a database in " + folder_.path().string());
    sqlite3_busy_timeout(database_, 20'000);
    run("PRAGMA journal_mode = WAL");
  }
  ~SqliteShop() override { sqlite3_close(database_); }

  void run(const std::string& sql) override {
    char* error = nullptr;
    if (sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, &error) == SQLITE_OK) return;
    const std::string text = error == nullptr ? "unknown error" : error;
    sqlite3_free(error);
    throw std::runtime_error(text + ": " + sql);
  }
  std::string db_url() const override { return "sqlite://" + (folder_.path() / "shop.db").string(); }
  std::string db_type() const override { return "sqlite"; }

 private:
  TempFolder folder_;
  sqlite3* database_ = nullptr;
};

class PostgresShop final : public Shop {
 public:
  explicit PostgresShop(const std::string& url) : url_(url), name_(fresh_name()), address_(place_of(url).address) {
    admin("CREATE DATABASE " + name_);
    const auto slash = url.rfind('/');
    owner_ = std::make_unique<pqxx::connection>(url.substr(0, slash + 1) + name_);
    run("CREATE ROLE " + name_ + " LOGIN PASSWORD '" + canary + "'");
    run("GRANT USAGE ON SCHEMA public TO " + name_);
    run("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO " + name_);
  }
  ~PostgresShop() override {
    owner_.reset();
    try {
      admin("DROP DATABASE " + name_ + " WITH (FORCE)");
      admin("DROP ROLE " + name_);
    } catch (const std::exception&) {  // the server goes with the test run
    }
  }

  void run(const std::string& sql) override {
    try {
      pqxx::nontransaction(*owner_).exec(sql);
    } catch (const std::exception& error) {
      throw std::runtime_error(error.what() + (": " + sql));
    }
  }
  std::string db_url() const override { return "postgresql://" + name_ + ":" + canary + "@" + address_ + "/" + name_; }
  std::string db_type() const override { return "postgres"; }
  std::string password() const override { return canary; }
  std::string other_schema() override {
    run("CREATE SCHEMA IF NOT EXISTS other; GRANT USAGE ON SCHEMA other TO " + name_);
    return "other";
  }

 private:
  void admin(const std::string& sql) const {
    pqxx::connection connection(url_);
    pqxx::nontransaction(connection).exec(sql);
  }

  std::string url_, name_, address_;
  std::unique_ptr<pqxx::connection> owner_;
};

class MysqlShop final : public Shop {
 public:
  MysqlShop(const std::string& url, std::string type) : name_(fresh_name()), type_(std::move(type)) {
    const auto [login, address] = place_of(url);
    address_ = address;
    const auto colon = address.find(':');
    const auto user = login.substr(0, login.find(':'));
    const auto secret = login.substr(std::min(login.size(), login.find(':') + 1));
    mysql_ = mysql_init(nullptr);
    const unsigned tcp = MYSQL_PROTOCOL_TCP;
    mysql_options(mysql_, MYSQL_OPT_PROTOCOL, &tcp);
    mysql_options(mysql_, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (mysql_real_connect(mysql_, address.substr(0, colon).c_str(), user.c_str(), secret.c_str(), nullptr,
                           static_cast<unsigned>(std::stoi(address.substr(colon + 1))), nullptr, 0) == nullptr)
      throw std::runtime_error(mysql_error(mysql_));
    run("CREATE DATABASE " + name_ + " CHARACTER SET utf8mb4");
    run("CREATE USER " + name_ + "@'%' IDENTIFIED BY '" + canary + "'");
    run("GRANT SELECT ON " + name_ + ".* TO " + name_ + "@'%'");
    run("USE " + name_);
    run("SET time_zone = '+00:00'");
  }
  ~MysqlShop() override {
    try {
      run("DROP DATABASE " + name_);
      run("DROP DATABASE IF EXISTS " + name_ + "_other");
      run("DROP USER " + name_ + "@'%'");
    } catch (const std::exception&) {  // the server goes with the test run
    }
    mysql_close(mysql_);
  }

  void run(const std::string& sql) override {
    if (mysql_real_query(mysql_, sql.data(), sql.size()) != 0)
      throw std::runtime_error(mysql_error(mysql_) + (": " + sql));
    if (MYSQL_RES* rows = mysql_store_result(mysql_)) mysql_free_result(rows);
  }
  std::string db_url() const override { return type_ + "://" + name_ + ":" + canary + "@" + address_ + "/" + name_; }
  std::string db_type() const override { return type_; }
  std::string password() const override { return canary; }
  std::string other_schema() override {
    run("CREATE DATABASE IF NOT EXISTS " + name_ + "_other CHARACTER SET utf8mb4");
    run("GRANT SELECT ON " + name_ + "_other.* TO " + name_ + "@'%'");
    return name_ + "_other";
  }

 private:
  std::string name_, type_, address_;
  MYSQL* mysql_ = nullptr;
};

}  // namespace

std::unique_ptr<Shop> Shop::open(const std::string& name) {
  if (name == "sqlite") return std::make_unique<SqliteShop>();
  const auto url = server_url(name);
  if (!url) return nullptr;
  if (name.starts_with("postgres")) return std::make_unique<PostgresShop>(*url);
  return std::make_unique<MysqlShop>(*url, name);
}

std::string Shop::numbers(int last) const {
  return "(WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(last) +
         ") SELECT i FROM n) AS numbers";
}

}  // namespace vhookd::testing
