// Sessions of the databases that this build reaches: one folder and one registry line (connectors/connector.cc) for
// each.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/error.h"
#include "core/source.h"

namespace vhookd {

class Dialect;
class SqlSession;

struct ConnectOptions {
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
  std::chrono::milliseconds statement_timeout = std::chrono::minutes(5);
};

// How a session is had; a fake stands in for it in the simulation.
using Connect = std::function<Result<std::unique_ptr<Source>>(const config::Database&, const ConnectOptions&)>;

// The real one.
Result<std::unique_ptr<Source>> connect(const config::Database& database, const ConnectOptions& options);

// The facts about a kind of database. REQUIRES: reachable(type)
const SourceTraits& traits_of(DbType type);

// The session and the dialect below the Source of an SQL database, for tests of the connectors. REQUIRES:
// reachable(type), and an SQL database.
Result<std::unique_ptr<SqlSession>> connect_sql(const config::Database& database, const ConnectOptions& options);
const Dialect& sql_dialect_of(DbType type);

// What must be called once in main before threads start, and the names and versions of the linked
// client libraries, for `vhookd version`.
void initialise_connectors();
std::vector<std::string> client_libraries();

}  // namespace vhookd
