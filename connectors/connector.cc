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
  const Dialect& (*dialect)();
  Result<std::unique_ptr<SqlSession>> (*open)(const config::Database&, const ConnectOptions&);
};

constexpr std::array registry = {
    Entry{DbType::postgres, postgres_dialect, connect_postgres},
    Entry{DbType::supabase, postgres_dialect, connect_postgres},
    Entry{DbType::mysql, mysql_dialect, connect_mysql},
    Entry{DbType::mariadb, mysql_dialect, connect_mysql},
    Entry{DbType::sqlite, sqlite_dialect, connect_sqlite},
};

const Entry* entry_of(DbType type) {
  const auto* at = std::ranges::find(registry, type, &Entry::type);
  return at == registry.end() ? nullptr : at;
}

}  // namespace

Result<std::unique_ptr<SqlSession>> connect_sql(const config::Database& database, const ConnectOptions& options) {
  const Entry* entry = entry_of(database.type);
  if (entry == nullptr)
    return fail(Recourse::ask_operator, "this build reaches no " + std::string(name_of(database.type)));
  return entry->open(database, options);
}

Result<std::unique_ptr<Source>> connect(const config::Database& database, const ConnectOptions& options) {
  auto session = connect_sql(database, options);
  if (!session) return std::unexpected(session.error());
  return std::make_unique<SqlSource>(entry_of(database.type)->dialect(), std::move(*session));
}

const Dialect& sql_dialect_of(DbType type) {
  const Entry* entry = entry_of(type);
  assert(entry != nullptr);
  return entry->dialect();
}

const SourceTraits& traits_of(DbType type) {
  return sql_dialect_of(type);
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
