// `vhookd check`: is the configuration right, and with --probe, does what it names answer.
#pragma once

#include <string>

namespace vhookd {

struct CheckOptions {
  std::string config;  // --config; empty: see config_path() in daemon/service/paths.h
  bool probe = false;
  bool json = false;
};

// Returns the process's exit code.
int check_command(const CheckOptions& options);

}  // namespace vhookd
