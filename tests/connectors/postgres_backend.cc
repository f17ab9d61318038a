#include "tests/connectors/postgres_backend.h"

#include <unistd.h>

#include <cctype>
#include <cstdlib>
#include <iostream>
#include <map>
#include <pqxx/nontransaction>
#include <pqxx/result>

#include "connectors/postgres/postgres.h"
#include "tests/support/servers.h"

// libpqxx 6 drops the last result of a connection that breaks: some 2 KiB for each lost session.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libpqxx-6\n";
}

namespace vhookd::testing {
namespace {

pqxx::result run(const std::string& url, const std::string& sql) {
  pqxx::connection connection(url);
  pqxx::nontransaction work(connection);
  return work.exec(sql);
}

std::string quote_name(const std::string& name) {
  std::string text = "\"";
  for (const char c : name) text.append(c == '"' ? 2 : 1, c);
  return text + "\"";
}

}  // namespace

const std::string PostgresServer::password = "pässwörd-Hx7";

PostgresServer* PostgresServer::named(const std::string& name) {
  static std::map<std::string, std::unique_ptr<PostgresServer>> servers;
  const auto at = servers.find(name);
  if (at != servers.end()) return at->second.get();
  const auto url = server_url(name);
  auto& server = servers[name];
  if (url) {
    server.reset(new PostgresServer(*url));
    // Cleaning up queries too, so before libpqxx's own statics go, which the first query made.
    std::atexit([] { servers.clear(); });
  }
  return server.get();
}

PostgresServer::PostgresServer(const std::string& url) : admin_url_(url) {
  const auto own = std::to_string(getpid());
  database_ = "vhookd_" + own;
  {
    pqxx::connection admin(url);
    host_ = admin.hostname();
    port_ = admin.port();
    version_ = admin.server_version() / 10000;
    pqxx::nontransaction work(admin);
    work.exec("CREATE DATABASE " + database_ + " TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'");
    work.exec("ALTER DATABASE " + database_ + " SET lc_monetary = 'C'");
  }
  owner_ =
      std::make_unique<pqxx::connection>("host=" + host_ + " port=" + port_ + " user=postgres dbname=" + database_);
  reader_ = make_role("reader");
  execute("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO " + reader_);
}

PostgresServer::~PostgresServer() {
  try {
    owner_.reset();
    run(admin_url_, "DROP DATABASE " + database_ + " WITH (FORCE)");
    for (const auto& role : roles_) run(admin_url_, "DROP ROLE " + role);
  } catch (const std::exception& e) {
    std::cerr << "left behind: " << e.what();
  }
}

void PostgresServer::execute(const std::string& sql) {
  pqxx::nontransaction(*owner_).exec(sql);
}

std::string PostgresServer::value(const std::string& sql) {
  pqxx::nontransaction work(*owner_);
  const auto answer = work.exec(sql);
  return answer.empty() || answer[0][0].is_null() ? "" : answer[0][0].c_str();
}

void PostgresServer::execute_in(const std::string& database, const std::string& sql) {
  run("host=" + host_ + " port=" + port_ + " user=postgres dbname=" + database, sql);
}

bool PostgresServer::has_extension(const std::string& name) {
  if (value("SELECT count(*) FROM pg_available_extensions WHERE name = '" + name + "'") != "1") return false;
  execute("CREATE EXTENSION IF NOT EXISTS " + name);
  return true;
}

std::string PostgresServer::make_role(const std::string& name) {
  const auto whole = database_ + "_" + name;
  execute("CREATE ROLE " + whole + " LOGIN PASSWORD '" + password + "'");
  roles_.push_back(whole);
  return whole;
}

std::string PostgresServer::url(const std::string& role, const std::string& pw, const std::string& host_port,
                                const std::string& database) const {
  std::string escaped;
  for (const char c : pw) {
    constexpr auto digits = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte))
      escaped += c;
    else
      escaped += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return "postgresql://" + role + ":" + escaped + "@" + host_port + "/" + database;
}

config::Database PostgresServer::as(const std::string& role, const std::string& database) const {
  const auto& name = database.empty() ? database_ : database;
  return {.type = DbType::postgres,
          .url = Secret(url(role, password, address(), name)),
          .display = "postgresql://" + role + "@" + address() + "/" + name,
          .schema = {}};
}

namespace {

conformance::Backend make_backend(const std::string& name) {
  conformance::Backend backend;
  backend.name = name;
  auto* server = PostgresServer::named(name);
  if (server == nullptr) {
    backend.unavailable = why_unavailable(name);
    return backend;
  }
  backend.reader = server->as(server->reader());
  backend.execute = [server](const std::string& sql) { server->execute(sql); };
  backend.quote = quote_name;
  backend.placeholder = [](int number) { return "$" + std::to_string(number); };
  backend.types = postgres_types(*server);
  backend.big_text_sql = "repeat('x', 10485760)";
  backend.generate_rows_sql = "INSERT INTO {table} SELECT i, 'name ' || i FROM generate_series(1, {rows}) i";
  backend.kill_sessions = [server] {
    server->execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + server->reader() +
                    "'");
  };
  backend.connect = connect_postgres;
  backend.binary_type = "bytea";
  backend.binary_sql = "'\\x00ff5c27'::bytea";
  backend.password = PostgresServer::password;
  backend.bad_login = backend.reader;
  backend.bad_login->url =
      Secret(server->url(server->reader(), PostgresServer::password + "x", server->address(), server->database()));
  backend.unknown_database = server->as(server->reader(), "no_such_database");
  backend.unreachable = backend.reader;
  backend.unreachable->url =
      Secret(server->url(server->reader(), PostgresServer::password, "127.0.0.1:1", server->database()));
  backend.slow_sql = "SELECT pg_sleep(60)";
  return backend;
}

}  // namespace

const conformance::Backend& postgres_backend(const std::string& name) {
  static std::map<std::string, conformance::Backend> made;
  const auto at = made.find(name);
  return at != made.end() ? at->second : made.emplace(name, make_backend(name)).first->second;
}

}  // namespace vhookd::testing
