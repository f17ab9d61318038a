// `vhookd init DB_URL`: looks at a database and prints a commented configuration for its tables.
#pragma once

#include <string>

namespace vhookd {

struct InitOptions {
  std::string url;  // "-": one line of standard input
};

// Returns the process's exit code: wrong_usage for what is no URL of a database, failed where it refuses.
int init_command(const InitOptions& options);

}  // namespace vhookd
