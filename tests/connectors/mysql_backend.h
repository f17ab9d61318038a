// A MySQL or MariaDB of the test run, with a database and a reader of its own.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "connectors/mysql/url.h"
#include "tests/connectors/conformance.h"

struct st_mysql;

namespace vhookd::testing {

// A superuser's session over the C library, so that nothing under test stands in its own proof. Throws
// std::runtime_error with the server's words.
class Owner {
 public:
  explicit Owner(const std::string& url, const std::string& database = {});
  ~Owner();
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;

  void execute(const std::string& sql);
  std::vector<std::vector<std::string>> ask(const std::string& sql);  // NULL as ""
  std::string one(const std::string& sql);                            // first row's first value
  void kill_sessions_of(const std::string& user, bool query_only = false);

 private:
  st_mysql* mysql_;
};

// A server with a database, made for this process and dropped with the object, and a user who may SELECT there.
class Sandbox {
 public:
  static std::shared_ptr<Sandbox> of(const std::string& server);  // null: not to be had; one for a process
  explicit Sandbox(const std::string& url);
  ~Sandbox();

  Owner& owner() { return *owner_; }
  bool is_mariadb() const { return mariadb_; }
  const std::string& database() const { return database_; }
  const std::string& user() const { return user_; }
  const std::string& password() const { return password_; }
  const mysql::Address& address() const { return address_; }
  config::Database as(const std::string& user, const std::string& password, const std::string& tail = {}) const;
  config::Database reader(const std::string& tail = {}) const { return as(user_, password_, tail); }

 private:
  mysql::Address address_;
  std::string database_;
  std::string user_;
  std::string password_;
  std::unique_ptr<Owner> owner_;
  bool mariadb_ = false;
};

conformance::Backend mysql_backend(const std::string& server);

std::vector<conformance::TypeCase> mysql_types(bool mariadb);

}  // namespace vhookd::testing
