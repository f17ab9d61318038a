#include "connectors/mysql/session.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <utility>

#include "connectors/mysql/errors.h"
#include "connectors/mysql/library.h"
#include "connectors/mysql/literal.h"
#include "connectors/mysql/stream.h"

namespace vhookd::mysql {

struct Session::Connection {
  sql::ConnectOptionsMap options;  // to connect once more, for KILL QUERY
  std::unique_ptr<sql::Connection> link;
};

namespace {

// The library finds them missing only in the middle of the handshake, and says so in riddles.
Result<void> check_files(const Address& address) {
  for (const auto& [parameter, path] : {std::pair("ssl-ca", &address.ssl_ca), std::pair("ssl-cert", &address.ssl_cert),
                                        std::pair("ssl-key", &address.ssl_key)}) {
    if (path->empty() || std::ifstream(*path).is_open()) continue;
    return fail(Recourse::ask_operator,
                std::string("db_url: ") + parameter + " names " + *path + ", which cannot be read");
  }
  return {};
}

// The number at the front of `text`, taken off with the point after it.
int take_number(std::string_view& text) {
  int number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  if (text.starts_with('.')) text.remove_prefix(1);
  return number;
}

// SET: the statement's text and its values. One prepared statement's name for all: PREPARE puts the new one in
// the old one's place, so that there is never more than one at the server and none to take away after a failure.
Result<std::string> assignments(const Query& query) {
  std::string sql = "SET @vhookd_sql = " + text_literal(query.sql);
  for (std::size_t i = 0; i < query.params.size(); ++i) {
    const Result<std::string> value = literal(query.params[i]);
    if (!value) return value;
    sql += ", @vhookd_" + std::to_string(i + 1) + " = " + *value;
  }
  return sql;
}

std::string execution(std::size_t params) {
  std::string sql = "EXECUTE vhookd USING ";
  for (std::size_t i = 1; i <= params; ++i) sql += (i == 1 ? "@vhookd_" : ", @vhookd_") + std::to_string(i);
  return sql;
}

}  // namespace

Session::Session(std::unique_ptr<Connection> connection, std::string database)
    : connection_(std::move(connection)), database_(std::move(database)) {}

Session::~Session() {
  attach_thread();
}

Result<std::unique_ptr<Session>> Session::open(const Address& address, const std::string& database,
                                               const ConnectOptions& options) {
  attach_thread();
  if (const Result<void> files = check_files(address); !files) return std::unexpected(files.error());
  auto connection = std::make_unique<Connection>();
  connection->options = options_of(address, database, options);
  try {
    connection->link.reset(driver().connect(connection->options));
  } catch (const sql::SQLException& e) {
    Error error = error_of(e);
    error.message = address.place() + ": " + error.message;
    return std::unexpected(std::move(error));
  }
  std::unique_ptr<Session> session(new Session(std::move(connection), database));
  Result<void> ready = session->require_tls(address);
  if (ready) ready = session->greet();
  if (ready) ready = session->settle(options);
  if (!ready) return fail(ready.error().recourse, address.place() + ": " + ready.error().message);
  return session;
}

// Where the server has no TLS, libmariadb goes on without unless it is to verify a certificate.
Result<void> Session::require_tls(const Address& address) {
  if (address.ssl_mode == SslMode::disabled || address.ssl_mode == SslMode::preferred) return {};
  bool encrypted = false;
  const Result<void> done = read({.sql = "SHOW SESSION STATUS LIKE 'Ssl_cipher'", .params = {}}, [&](Row row) {
    encrypted = row.size() == 2 && !row[1].text.empty();
    return true;
  });
  if (!done) return done;
  if (encrypted) return {};
  return fail(Recourse::ask_operator, "the server offers no TLS, and ssl-mode asks for it");
}

Result<void> Session::greet() {
  std::string version;
  const Result<void> done = read({.sql = "SELECT VERSION(), CONNECTION_ID()", .params = {}}, [&](Row row) {
    version = row[0].text;
    id_ = row[1].text;
    return true;
  });
  if (!done) return done;
  mariadb_ = version.find("MariaDB") != std::string::npos;
  std::string_view rest = version;
  major_ = take_number(rest);
  minor_ = take_number(rest);
  server_ = (mariadb_ ? "MariaDB " : "MySQL ") + version.substr(0, version.find_first_not_of("0123456789."));
  return {};
}

// A server's own settings (init_connect among them) must not change what a statement means or cut its answer.
Result<void> Session::settle(const ConnectOptions& options) {
  const auto timeout_ms = options.statement_timeout.count();
  const std::string network_s = std::to_string(seconds_up(options.statement_timeout + network_slack));
  std::string variables =
      "SET SESSION sql_mode = '', time_zone = '+00:00', autocommit = 1, sql_auto_is_null = 0, sql_big_selects = 1, "
      "sql_select_limit = 18446744073709551615, "
      // A filesort compares no more bytes than this; the longest key an index holds has 3072.
      "max_sort_length = 8192, "
      "net_read_timeout = " +
      network_s + ", net_write_timeout = " + network_s;
  if (mariadb_) {
    std::array<char, 32> seconds{};
    std::snprintf(seconds.data(), seconds.size(), "%lld.%03lld", static_cast<long long>(timeout_ms / 1000),
                  static_cast<long long>(timeout_ms % 1000));
    variables += std::string(", max_statement_time = ") + seconds.data();
  } else {
    variables += ", max_execution_time = " + std::to_string(timeout_ms);
    // Else a table's estimated rows are up to a day old.
    if (at_least(8, 0)) variables += ", information_schema_stats_expiry = 0";
  }
  for (const std::string& sql : {std::string("SET NAMES utf8mb4"), variables,
                                 std::string("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")}) {
    if (const Result<void> done = run(sql); !done) return done;
  }
  return {};
}

Result<void> Session::run(const std::string& sql) {
  attach_thread();
  try {
    execute(*connection_->link, sql);
    return {};
  } catch (const sql::SQLException& e) {
    return std::unexpected(error_of(e));
  }
}

Result<void> Session::read(const Query& query, const OnRow& on_row) {
  attach_thread();
  try {
    std::string sql = query.sql;
    if (!query.params.empty()) {
      const Result<std::string> values = assignments(query);
      if (!values) return std::unexpected(values.error());
      execute(*connection_->link, *values);
      execute(*connection_->link, "PREPARE vhookd FROM @vhookd_sql");
      sql = execution(query.params.size());
    }
    bool killed = false;
    {
      Stream stream(*connection_->link, sql);
      if (!stream.pump(query.table, on_row)) killed = cut_short(stream);
    }
    // Where the answer ended before the kill came, the kill is still waiting: for this, not for the caller's next.
    if (killed) {
      if (const Result<void> done = run("DO 0"); !done && done.error().recourse == Recourse::reconnect) return done;
    }
    return {};
  } catch (const sql::SQLException& e) {
    return std::unexpected(error_of(e));
  }
}

// The end of a half-read stream would read the rest of the answer, however long. KILL QUERY from a second
// connection cuts it; this session and its snapshot live on. A short rest is cheaper read than that. True: killed.
bool Session::cut_short(Stream& stream) {
  constexpr int few_rows = 100;
  if (stream.drain(few_rows)) return false;
  try {
    const std::unique_ptr<sql::Connection> second(driver().connect(connection_->options));
    execute(*second, "KILL QUERY " + id_);
  } catch (const sql::SQLException&) {
    return false;  // no second connection to be had: all is read, until the statement timeout at worst
  }
  while (!stream.drain(few_rows)) {
  }
  return true;
}

}  // namespace vhookd::mysql
