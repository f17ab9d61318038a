// `vhookd check`: validates the configuration and, with --probe, checks that its databases, tables and hosts are
// usable.
#pragma once

#include <string>

namespace vhookd {

struct CheckOptions {
  std::string config;  // --config; empty: see config_path() in daemon/service/paths.h
  bool probe = false;
  bool json = false;
};

// Returns the exit code of the process.
int check_command(const CheckOptions& options);

}  // namespace vhookd
