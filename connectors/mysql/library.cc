#include "connectors/mysql/library.h"

#include <algorithm>
#include <cstdint>

#include "connectors/mysql/errors.h"

namespace vhookd::mysql {
namespace {

struct ThreadScope {
  ThreadScope() { driver().threadInit(); }
  ~ThreadScope() { driver().threadEnd(); }
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;
};

// libmariadb: enforce uses TLS where the server has it, a CA has the chain checked, verify the name as well.
void take_tls(sql::ConnectOptionsMap& map, const Address& address) {
  if (address.ssl_mode == SslMode::disabled) return;
  map["sslEnforce"] = true;
  if (!address.ssl_cert.empty()) map["sslCert"] = sql::SQLString(address.ssl_cert);
  if (!address.ssl_key.empty()) map["sslKey"] = sql::SQLString(address.ssl_key);
  if (address.ssl_mode != SslMode::verify_ca && address.ssl_mode != SslMode::verify_identity) return;
  const std::string system_ca = "/etc/ssl/certs/ca-certificates.crt";
  map["sslCA"] = sql::SQLString(address.ssl_ca.empty() ? system_ca : address.ssl_ca);
  if (address.ssl_mode == SslMode::verify_identity) map["sslVerify"] = true;
}

}  // namespace

sql::Driver& driver() {
  static sql::Driver* const instance = get_driver_instance();
  return *instance;
}

void attach_thread() {
  static thread_local const ThreadScope scope;
}

int seconds_up(std::chrono::milliseconds time) {
  const std::int64_t seconds = std::chrono::ceil<std::chrono::seconds>(time).count();
  return static_cast<int>(std::clamp<std::int64_t>(seconds, 1, 1'000'000));
}

sql::ConnectOptionsMap options_of(const Address& address, const std::string& database, const ConnectOptions& options) {
  sql::ConnectOptionsMap map;
  // Brackets keep the library from taking the host for a URL of its own.
  map["hostName"] = sql::SQLString("[" + address.host + "]");
  map["userName"] = sql::SQLString(address.user);
  map["password"] = sql::SQLString(address.password.reveal());
  if (address.socket.empty()) {
    map["port"] = address.port;
  } else {
    map["socket"] = sql::SQLString(address.socket);
  }
  if (!database.empty()) map["schema"] = sql::SQLString(database);
  map["OPT_LOCAL_INFILE"] = 0;   // on by default: the server could ask for any file this process can read
  map["OPT_RECONNECT"] = false;  // it would lose the session's settings and snapshot without a word
  map["OPT_CONNECT_TIMEOUT"] = seconds_up(address.connect_timeout.value_or(options.connect_timeout));
  map["OPT_READ_TIMEOUT"] = seconds_up(options.statement_timeout + network_slack);
  map["OPT_WRITE_TIMEOUT"] = seconds_up(options.statement_timeout + network_slack);
  take_tls(map, address);
  return map;
}

void execute(sql::Connection& connection, const std::string& sql) {
  const std::unique_ptr<sql::Statement> statement(connection.createStatement());
  statement->execute(sql);
}

Error error_of(const sql::SQLException& e) {
  return error_of(e.getErrorCode(), e.what());
}

}  // namespace vhookd::mysql
