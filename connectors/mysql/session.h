// One connection and its statements.
#pragma once

#include <memory>
#include <string>

#include "connectors/connector.h"
#include "connectors/mysql/url.h"
#include "connectors/sql/query.h"
#include "connectors/sql/session.h"
#include "core/error.h"
#include "core/value.h"

namespace vhookd::mysql {

class Stream;

// Any thread, one at a time. After an error with Recourse::reconnect it is dead.
class Session {
 public:
  // Connected, and set up: read-only, REPEATABLE READ, UTF-8, UTC, an empty sql_mode, the statement timeout,
  // and nothing that cuts an answer. `database`: the default one; empty: none.
  static Result<std::unique_ptr<Session>> open(const Address& address, const std::string& database,
                                               const ConnectOptions& options);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Result<void> run(const std::string& sql);                    // a statement that has no answer
  Result<void> read(const Query& query, const OnRow& on_row);  // as SqlSession::read

  bool is_mariadb() const { return mariadb_; }
  bool at_least(int major, int minor) const { return major_ > major || (major_ == major && minor_ >= minor); }
  const std::string& server() const { return server_; }      // "MariaDB 10.11.14"
  const std::string& database() const { return database_; }  // as given to open

 private:
  struct Connection;
  Session(std::unique_ptr<Connection> connection, std::string database);
  Result<void> greet();
  Result<void> require_tls(const Address& address);
  Result<void> settle(const ConnectOptions& options);
  bool cut_short(Stream& stream);

  std::unique_ptr<Connection> connection_;
  std::string database_;
  std::string server_;
  std::string id_;  // the connection's number at the server, in digits
  bool mariadb_ = false;
  int major_ = 0;
  int minor_ = 0;
};

}  // namespace vhookd::mysql
