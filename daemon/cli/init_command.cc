#include "daemon/cli/init_command.h"

#include <iostream>

#include "connectors/connector.h"
#include "daemon/cli/init_file.h"
#include "daemon/output/exit_code.h"
#include "daemon/output/terminal.h"

namespace vhookd {

namespace {

constexpr std::size_t largest_file = std::size_t{1} << 20;  // config::load takes no larger one

int complain(const std::string& message, int code) {
  std::cerr << "vhookd: " << printable(message) << '\n';
  return code;
}

// Of the server's schemas those that are the user's own; the connection's default first. SQLite has one.
constexpr auto postgres_schemas = R"(
SELECT n.nspname::text FROM pg_catalog.pg_namespace n
 WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
   AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
 ORDER BY n.nspname IS DISTINCT FROM pg_catalog.current_schema(), n.nspname COLLATE "C")";
constexpr auto mysql_schemas = R"(
SELECT SCHEMA_NAME FROM information_schema.SCHEMATA
 WHERE SCHEMA_NAME NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys') ORDER BY SCHEMA_NAME)";

Result<std::vector<std::string>> schemas_of(Connector& session, Dialect dialect) {
  std::vector<std::string> schemas;
  if (dialect == Dialect::sqlite) return std::vector<std::string>{""};
  const auto* sql = dialect == Dialect::postgres ? postgres_schemas : mysql_schemas;
  const auto done = session.read({.sql = sql, .params = {}}, [&](Row row) {
    schemas.emplace_back(row[0].text);
    return true;
  });
  if (!done) return std::unexpected(done.error());
  return schemas;
}

// Those of the connection's default schema first, then those of all others. A MySQL database that the URL names is
// meant alone. Sets the source's default schema.
Result<std::vector<TableName>> all_tables(Connector& session, InitSource& source) {
  const auto dialect = dialect_of(source.database.type);
  auto names = session.tables({});
  if (dialect == Dialect::sqlite || (names && dialect == Dialect::mysql)) return names;
  const auto schemas = schemas_of(session, dialect);
  if (!schemas) return std::unexpected(schemas.error());
  if (names && !schemas->empty()) source.schema = schemas->front();
  if (names && !names->empty()) source.schema = names->front().schema;
  std::vector<TableName> all = names.value_or(std::vector<TableName>{});
  for (const auto& schema : *schemas) {
    if (names && schema == source.schema) continue;
    auto more = session.tables(schema);
    if (!more) return more;
    all.insert(all.end(), more->begin(), more->end());
  }
  if (all.empty() && !names) return names;  // why there is no default
  return all;
}

}  // namespace

int init_command(const InitOptions& options) {
  std::string url = options.url;
  const bool from_stdin = url == "-";
  if (from_stdin && !std::getline(std::cin, url))
    return complain("init: standard input holds no line with a database's URL", exit_code::wrong_usage);
  if (url.ends_with('\r')) url.pop_back();
  auto source = init_source(url);
  if (!source) return complain("init: DB_URL " + source.error(), exit_code::wrong_usage);
  if (!from_stdin && !source->variables.empty())
    std::cerr << "vhookd: other users of this machine could see the password in the command line; "
                 "`vhookd init -` reads the URL from standard input\n";

  initialise_connectors();
  const auto session = connect(source->database, {});
  if (!session) return complain(session.error().message, exit_code::failed);
  const auto names = all_tables(**session, *source);
  if (!names) return complain(names.error().message, exit_code::failed);
  std::vector<InitTable> tables;
  for (const auto& name : *names) {
    auto table = (*session)->describe(name);
    if (!table && table.error().recourse == Recourse::reconnect)
      return complain(table.error().message, exit_code::failed);
    tables.push_back({name, std::move(table)});
  }
  const auto text = init_file(*source, (*session)->server(), tables);
  if (text.size() > largest_file)
    std::cerr << "vhookd: the configuration is over 1 MiB, more than one file may have; cut it into files in conf.d/\n";
  std::cout << text;
  return exit_code::done;
}

}  // namespace vhookd
