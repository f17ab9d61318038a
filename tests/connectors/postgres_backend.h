// A PostgreSQL server as a Backend of the conformance suite: a database of this process's own, an owner
// to fill it and a role with SELECT only.
#pragma once

#include <memory>
#include <optional>
#include <pqxx/connection>
#include <string>
#include <vector>

#include "tests/connectors/conformance.h"

namespace vhookd::testing {

// Made once for each server and dropped at the end of the process.
class PostgresServer {
 public:
  // Null where the server is not to be had.
  static PostgresServer* named(const std::string& name);
  ~PostgresServer();

  void execute(const std::string& sql);       // as a superuser, in the database; throws
  std::string value(const std::string& sql);  // the first field of the answer
  void execute_in(const std::string& database, const std::string& sql);
  bool has_extension(const std::string& name);

  // A login of that name with this class's password, dropped with the rest. Gives its name in full.
  std::string make_role(const std::string& name);
  config::Database as(const std::string& role, const std::string& database = {}) const;
  std::string url(const std::string& role, const std::string& password, const std::string& host_port,
                  const std::string& database) const;

  std::string reader() const { return reader_; }
  std::string database() const { return database_; }
  std::string address() const { return host_ + ":" + port_; }
  std::string port() const { return port_; }
  int version() const { return version_; }  // 15

  static const std::string password;

 private:
  explicit PostgresServer(const std::string& url);

  std::string admin_url_;
  std::string host_;
  std::string port_;
  std::string database_;
  std::string reader_;
  int version_ = 0;
  std::vector<std::string> roles_;
  std::unique_ptr<pqxx::connection> owner_;
};

const conformance::Backend& postgres_backend(const std::string& name);
std::vector<conformance::TypeCase> postgres_types(PostgresServer& server);  // makes the types it needs

}  // namespace vhookd::testing
