#include "daemon/init_command.h"

#include <iostream>

#include "connectors/connector.h"
#include "daemon/exit_code.h"
#include "daemon/init_file.h"
#include "daemon/terminal.h"

namespace vhookd {

namespace {

constexpr std::size_t largest_file = std::size_t{1} << 20;  // config::load takes no larger one

int complain(const std::string& message, int code) {
  std::cerr << "vhookd: " << printable(message) << '\n';
  return code;
}

}  // namespace

int init_command(const InitOptions& options) {
  std::string url = options.url;
  const bool from_stdin = url == "-";
  if (from_stdin && !std::getline(std::cin, url))
    return complain("init: standard input holds no line with a database's URL", exit_code::wrong_usage);
  if (url.ends_with('\r')) url.pop_back();
  const auto source = init_source(url);
  if (!source) return complain("init: DB_URL " + source.error(), exit_code::wrong_usage);
  if (!from_stdin && !source->variables.empty())
    std::cerr << "vhookd: other users of this machine could see the password in the command line; "
                 "`vhookd init -` reads the URL from standard input\n";

  initialise_connectors();
  const auto session = connect(source->database, {});
  if (!session) return complain(session.error().message, exit_code::failed);
  const auto names = (*session)->tables({});
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
