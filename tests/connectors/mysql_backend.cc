#include "tests/connectors/mysql_backend.h"

#include <mysql.h>
#include <unistd.h>

#include <map>
#include <stdexcept>

#include "connectors/mysql/mysql.h"
#include "tests/support/servers.h"

namespace vhookd::testing {

using conformance::Backend;

Owner::Owner(const std::string& url, const std::string& database) : mysql_(mysql_init(nullptr)) {
  const mysql::Address address = mysql::parse_url(url).value();
  const unsigned tcp = MYSQL_PROTOCOL_TCP;
  mysql_options(mysql_, MYSQL_OPT_PROTOCOL, &tcp);
  mysql_options(mysql_, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  if (mysql_real_connect(mysql_, address.host.c_str(), address.user.c_str(), address.password.reveal().c_str(),
                         database.empty() ? nullptr : database.c_str(), static_cast<unsigned>(address.port), nullptr,
                         0) == nullptr) {
    const std::string words = mysql_error(mysql_);
    mysql_close(mysql_);
    throw std::runtime_error(words);
  }
  // Zero dates are to be had, and what is inserted is cut to what fits.
  execute("SET SESSION sql_mode = '', time_zone = '+00:00'");
}

Owner::~Owner() {
  mysql_close(mysql_);
}

void Owner::execute(const std::string& sql) {
  ask(sql);
}

std::vector<std::vector<std::string>> Owner::ask(const std::string& sql) {
  if (mysql_real_query(mysql_, sql.data(), sql.size()) != 0) throw std::runtime_error(mysql_error(mysql_));
  std::vector<std::vector<std::string>> lines;
  MYSQL_RES* const result = mysql_store_result(mysql_);
  if (result == nullptr) return lines;
  while (char** const row = mysql_fetch_row(result)) {
    const unsigned long* const lengths = mysql_fetch_lengths(result);
    auto& line = lines.emplace_back();
    for (unsigned i = 0; i < mysql_num_fields(result); ++i) {
      line.emplace_back(row[i] == nullptr ? std::string() : std::string(row[i], lengths[i]));
    }
  }
  mysql_free_result(result);
  return lines;
}

std::string Owner::one(const std::string& sql) {
  return ask(sql).at(0).at(0);
}

void Owner::kill_sessions_of(const std::string& user, bool query_only) {
  for (const auto& line : ask("SHOW PROCESSLIST")) {
    if (line.at(1) != user) continue;
    try {
      execute((query_only ? "KILL QUERY " : "KILL ") + line[0]);
    } catch (const std::runtime_error&) {  // gone by itself
    }
  }
}

std::shared_ptr<Sandbox> Sandbox::of(const std::string& server) {
  static std::map<std::string, std::shared_ptr<Sandbox>> made;
  if (const auto at = made.find(server); at != made.end()) return at->second;
  const std::optional<std::string> url = server_url(server);
  return made[server] = url ? std::make_shared<Sandbox>(*url) : nullptr;
}

Sandbox::Sandbox(const std::string& url)
    : address_(mysql::parse_url(url).value()),
      database_("vhookd_" + std::to_string(getpid())),
      user_("reader_" + std::to_string(getpid())),
      password_("p@ss:w/o?r%d#'\"\\"),
      owner_(std::make_unique<Owner>(url)) {
  mariadb_ = owner_->one("SELECT VERSION()").find("MariaDB") != std::string::npos;
  // Compares text byte by byte, spaces at the end too, as the suite expects of "=".
  const std::string collation = mariadb_ ? "utf8mb4_nopad_bin" : "utf8mb4_0900_bin";
  owner_->execute("DROP DATABASE IF EXISTS " + database_);
  owner_->execute("CREATE DATABASE " + database_ + " CHARACTER SET utf8mb4 COLLATE " + collation);
  owner_->execute("CREATE USER " + user_ + "@'%' IDENTIFIED BY 'p@ss:w/o?r%d#''\"\\\\'");
  owner_->execute("GRANT SELECT ON " + database_ + ".* TO " + user_ + "@'%'");
  owner_->execute("USE " + database_);
  owner_->execute(std::string("SET SESSION ") + (mariadb_ ? "max_recursive_iterations" : "cte_max_recursion_depth") +
                  " = 10000000");
}

Sandbox::~Sandbox() {
  try {
    owner_->execute("DROP DATABASE " + database_);
    owner_->execute("DROP USER " + user_ + "@'%'");
  } catch (const std::runtime_error&) {  // the server goes with the test run
  }
}

config::Database Sandbox::as(const std::string& user, const std::string& password, const std::string& tail) const {
  std::string encoded;
  for (const char c : password) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += digits[byte >> 4];
    encoded += digits[byte & 15];
  }
  const std::string rest = address_.place() + "/" + (tail.starts_with('/') ? tail.substr(1) : database_ + tail);
  config::Database made;
  made.type = mariadb_ ? DbType::mariadb : DbType::mysql;
  made.url = Secret((mariadb_ ? "mariadb://" : "mysql://") + user + ":" + encoded + "@" + rest);
  made.display = user + "@" + rest;
  return made;
}

Backend mysql_backend(const std::string& server) {
  Backend backend;
  backend.name = server;
  const std::shared_ptr<Sandbox> sandbox = Sandbox::of(server);
  if (!sandbox) {
    backend.unavailable = "no " + server + " in this test run";
    return backend;
  }
  backend.reader = sandbox->reader();
  backend.execute = [sandbox](const std::string& sql) { sandbox->owner().execute(sql); };
  backend.quote = [](const std::string& name) {
    std::string out = "`";
    for (const char c : name) out += c == '`' ? std::string("``") : std::string(1, c);
    return out + "`";
  };
  backend.placeholder = [](int) { return std::string("?"); };
  backend.literal = [](const std::string& text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    return out + "'";
  };
  backend.types = mysql_types(sandbox->is_mariadb());
  backend.big_text_sql = "REPEAT('x', 10485760)";
  backend.generate_rows_sql =
      "INSERT INTO {table} WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})"
      " SELECT i, CONCAT('name ', i) FROM n";
  backend.kill_sessions = [sandbox] { sandbox->owner().kill_sessions_of(sandbox->user()); };
  backend.connect = connect_mysql;
  backend.timestamp_type = "datetime(6)";
  backend.password = sandbox->password();
  backend.bad_login = sandbox->as(sandbox->user(), "wrong " + sandbox->password());
  backend.unknown_database = sandbox->reader("/vhookd_nothing_here");
  backend.unreachable = sandbox->reader();
  backend.unreachable->url = Secret("mysql://reader:secret@127.0.0.1:1/shop");
  backend.slow_sql =
      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900)"
      " SELECT COUNT(*) FROM n a, n b, n c, n d WHERE a.i * b.i + c.i * d.i = 0";
  return backend;
}

}  // namespace vhookd::testing
