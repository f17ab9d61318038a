// `vhookd run`: the daemon, in the foreground.
#pragma once

#include <string>

namespace vhookd {

struct RunOptions {
  std::string config;     // --config; empty: see config_path() in daemon/service/paths.h
  std::string state;      // --state; empty: see state_folder()
  std::string log_level;  // --log-level; empty: the configuration's
  bool once = false;      // poll every webhook once, deliver the pages, and exit
};

// Returns the process's exit code.
int run_command(const RunOptions& options);

}  // namespace vhookd
