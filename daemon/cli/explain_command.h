// `vhookd explain ID`: how a webhook of the configuration is polled, what is promised, and what its first
// page would hold. Asks the database itself, read-only; needs no daemon, sends nothing and stores nothing.
#pragma once

#include <string>

namespace vhookd {

struct ExplainOptions {
  std::string config;  // --config; empty: see config_path() in daemon/service/paths.h
  std::string state;   // --state; empty: see state_folder() there. Only says which daemon to ask how far it is
  std::string id;
  bool json = false;
};

// Returns the process's exit code: failed where the id is not known or the database refuses.
int explain_command(const ExplainOptions& options);

}  // namespace vhookd
