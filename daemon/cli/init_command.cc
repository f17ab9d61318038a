#include "daemon/cli/init_command.h"

#include <iostream>

#include "connectors/connector.h"
#include "daemon/cli/init_file.h"
#include "daemon/output/exit_code.h"
#include "daemon/output/terminal.h"

namespace vhookd {

namespace {

constexpr std::size_t largest_file = std::size_t{1} << 20;  // the limit of config::load

int print_error(const std::string& message, int code) {
  std::cerr << "vhookd: " << printable(message) << '\n';
  return code;
}

// The tables of the connection's default schema, then those of all other schemas. Sets the default schema of `init`.
Result<std::vector<TableName>> all_tables(Source& source, InitSource& init) {
  using Schemas = Capabilities::Schemas;
  const auto lists = source.traits().capabilities().schemas;
  auto names = source.tables({});
  if (lists == Schemas::one || (names && lists == Schemas::one_if_named)) return names;
  const auto schemas = source.schemas();
  if (!schemas) return std::unexpected(schemas.error());
  if (names && !schemas->empty()) init.schema = schemas->front();
  if (names && !names->empty()) init.schema = names->front().schema;
  std::vector<TableName> all = names.value_or(std::vector<TableName>{});
  for (const auto& schema : *schemas) {
    if (names && schema == init.schema) continue;
    auto more = source.tables(schema);
    if (!more) return more;
    all.insert(all.end(), more->begin(), more->end());
  }
  if (all.empty() && !names) return names;  // the reason why there is no default schema
  return all;
}

}  // namespace

int init_command(const InitOptions& options) {
  std::string url = options.url;
  const bool from_stdin = url == "-";
  if (from_stdin && !std::getline(std::cin, url))
    return print_error("init: standard input is empty; expected one line with the URL of a database",
                       exit_code::wrong_usage);
  if (url.ends_with('\r')) url.pop_back();
  auto source = init_source(url);
  if (!source) return print_error("init: DB_URL " + source.error(), exit_code::wrong_usage);
  if (!from_stdin && !source->variables.empty())
    std::cerr << "vhookd: other users of this machine can see the password on the command line; "
                 "`vhookd init -` reads the URL from standard input\n";

  initialise_connectors();
  const auto session = connect(source->database, {});
  if (!session) return print_error(session.error().message, exit_code::failed);
  const auto names = all_tables(**session, *source);
  if (!names) return print_error(names.error().message, exit_code::failed);
  std::vector<InitTable> tables;
  for (const auto& name : *names) {
    auto table = (*session)->describe(name);
    if (!table && table.error().recourse == Recourse::reconnect)
      return print_error(table.error().message, exit_code::failed);
    tables.push_back({name, std::move(table)});
  }
  const auto text = init_file(*source, (*session)->traits(), (*session)->server(), tables);
  if (text.size() > largest_file)
    std::cerr
        << "vhookd: the configuration is larger than 1 MiB, the limit of one file; split it into files in conf.d/\n";
  std::cout << text;
  return exit_code::done;
}

}  // namespace vhookd
