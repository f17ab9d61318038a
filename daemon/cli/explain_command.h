// `vhookd explain ID`: shows how a webhook of the configuration is polled, what is promised, and what its first page
// would contain. Reads from the database; needs no daemon, sends nothing and stores nothing.
#pragma once

#include <string>

namespace vhookd {

struct ExplainOptions {
  std::string config;  // --config; empty: see config_path() in daemon/service/paths.h
  std::string
      state;  // --state; empty: see state_folder(). Only used to find the daemon that reports the webhook's progress
  std::string id;
  bool json = false;
};

// Returns the exit code of the process: failed if the id is unknown or the database reports an error.
int explain_command(const ExplainOptions& options);

}  // namespace vhookd
