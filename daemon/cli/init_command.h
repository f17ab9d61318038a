// `vhookd init DB_URL`: reads the tables of a database and prints a commented configuration for them.
#pragma once

#include <string>

namespace vhookd {

struct InitOptions {
  std::string url;  // "-": read from one line of standard input
};

// Returns the exit code of the process: wrong_usage if the URL is not valid, failed if the database reports an error.
int init_command(const InitOptions& options);

}  // namespace vhookd
