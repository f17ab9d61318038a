#include "connectors/connector.h"

#include <cppconn/version_info.h>
#include <mysql.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <pqxx/version>

#include "connectors/mysql/dialect.h"
#include "connectors/mysql/mysql.h"
#include "connectors/postgres/dialect.h"
#include "connectors/postgres/postgres.h"
#include "connectors/sql/sql_source.h"
#include "connectors/sqlite/dialect.h"
#include "connectors/sqlite/sqlite.h"

namespace vhookd {

namespace {

// One line for each database. Several that speak one language share a folder.
struct Entry {
  DbType type;
  const SourceTraits& (*traits)();
  Result<std::unique_ptr<Source>> (*open)(const config::Database&, const ConnectOptions&);
  // Of an SQL database; null for another one.
  const Dialect& (*dialect)();
  Result<std::unique_ptr<SqlSession>> (*open_session)(const config::Database&, const ConnectOptions&);
};

template <const Dialect& (*dialect)(),
          Result<std::unique_ptr<SqlSession>> (*open_session)(const config::Database&, const ConnectOptions&)>
constexpr Entry sql(DbType type) {
  return {
      .type = type,
      .traits = []() -> const SourceTraits& { return dialect(); },
      .open = [](const config::Database& database, const ConnectOptions& options) -> Result<std::unique_ptr<Source>> {
        auto session = open_session(database, options);
        if (!session) return std::unexpected(session.error());
        return std::make_unique<SqlSource>(dialect(), std::move(*session));
      },
      .dialect = dialect,
      .open_session = open_session};
}

constexpr std::array registry = {
    sql<postgres_dialect, connect_postgres>(DbType::postgres),
    sql<postgres_dialect, connect_postgres>(DbType::supabase),
    sql<mysql_dialect, connect_mysql>(DbType::mysql),
    sql<mysql_dialect, connect_mysql>(DbType::mariadb),
    sql<sqlite_dialect, connect_sqlite>(DbType::sqlite),
};

const Entry* entry_of(DbType type) {
  const auto* at = std::ranges::find(registry, type, &Entry::type);
  return at == registry.end() ? nullptr : at;
}

std::unexpected<Error> unreachable(DbType type) {
  return fail(Recourse::ask_operator, "this build reaches no " + std::string(name_of(type)));
}

}  // namespace

Result<std::unique_ptr<Source>> connect(const config::Database& database, const ConnectOptions& options) {
  const Entry* entry = entry_of(database.type);
  return entry == nullptr ? unreachable(database.type) : entry->open(database, options);
}

const SourceTraits& traits_of(DbType type) {
  const Entry* entry = entry_of(type);
  assert(entry != nullptr);
  return entry->traits();
}

Result<std::unique_ptr<SqlSession>> connect_sql(const config::Database& database, const ConnectOptions& options) {
  const Entry* entry = entry_of(database.type);
  if (entry == nullptr || entry->open_session == nullptr) return unreachable(database.type);
  return entry->open_session(database, options);
}

const Dialect& sql_dialect_of(DbType type) {
  const Entry* entry = entry_of(type);
  assert(entry != nullptr && entry->dialect != nullptr);
  return entry->dialect();
}

void initialise_connectors() {
  initialise_mysql();
}

std::vector<std::string> client_libraries() {
  const auto connector = std::to_string(MYCPPCONN_DM_MAJOR_VERSION) + "." + std::to_string(MYCPPCONN_DM_MINOR_VERSION) +
                         "." + std::to_string(MYCPPCONN_DM_PATCH_VERSION);
  return {std::string("libpqxx ") + PQXX_VERSION, "MySQL-Connector/C++ " + connector,
          std::string("libmariadb ") + mysql_get_client_info(), sqlite_library()};
}

}  // namespace vhookd
