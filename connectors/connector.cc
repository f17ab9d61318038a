#include "connectors/connector.h"

#include <cppconn/version_info.h>
#include <mysql.h>

#include <pqxx/version>

#include "connectors/mysql/mysql.h"
#include "connectors/postgres/postgres.h"
#include "connectors/sqlite/sqlite.h"

namespace vhookd {

Result<std::unique_ptr<Connector>> connect(const config::Database& database, const ConnectOptions& options) {
  if (!reachable(database.type))
    return fail(Recourse::ask_operator, "this build reaches no " + std::string(name_of(database.type)));
  switch (dialect_of(database.type)) {
    case Dialect::postgres:
      return connect_postgres(database, options);
    case Dialect::mysql:
      return connect_mysql(database, options);
    case Dialect::sqlite:
      return connect_sqlite(database, options);
  }
  return fail(Recourse::give_up, "a dialect nobody speaks");
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
