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

// One line for each database. Several that share a protocol share a folder.
struct Entry {
  DbType type;
  const SourceTraits& (*traits)();
  Result<std::unique_ptr<Source>> (*connect)(const config::Database&, const ConnectOptions&);
};

template <auto dialect, auto open>
constexpr Entry sql_database(DbType type) {
  return {.type = type,
          .traits = []() -> const SourceTraits& { return dialect(); },
          .connect = [](const config::Database& database,
                        const ConnectOptions& options) -> Result<std::unique_ptr<Source>> {
            auto session = open(database, options);
            if (!session) return std::unexpected(session.error());
            return std::make_unique<SqlSource>(dialect(), std::move(*session));
          }};
}

constexpr std::array registry = {
    sql_database<postgres_dialect, connect_postgres>(DbType::postgres),
    sql_database<postgres_dialect, connect_postgres>(DbType::supabase),
    sql_database<mysql_dialect, connect_mysql>(DbType::mysql),
    sql_database<mysql_dialect, connect_mysql>(DbType::mariadb),
    sql_database<sqlite_dialect, connect_sqlite>(DbType::sqlite),
};

const Entry* entry_of(DbType type) {
  const auto* at = std::ranges::find(registry, type, &Entry::type);
  return at == registry.end() ? nullptr : at;
}

}  // namespace

Result<std::unique_ptr<Source>> connect(const config::Database& database, const ConnectOptions& options) {
  const Entry* entry = entry_of(database.type);
  if (entry == nullptr)
    return fail(Recourse::ask_operator, "this build does not support " + std::string(name_of(database.type)));
  return entry->connect(database, options);
}

const SourceTraits& traits_of(DbType type) {
  const Entry* entry = entry_of(type);
  assert(entry != nullptr);
  return entry->traits();
}

Result<std::unique_ptr<SqlSession>> connect_sql(const config::Database& database, const ConnectOptions& options) {
  auto source = connect(database, options);
  if (!source) return std::unexpected(source.error());
  return dynamic_cast<SqlSource&>(**source).take_session();
}

const Dialect& sql_dialect_of(DbType type) {
  return dynamic_cast<const Dialect&>(traits_of(type));
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
