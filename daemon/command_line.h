// Parses the command line `vhookd COMMAND [OPTIONS]` and runs the command.
#pragma once

#include <functional>

#include "daemon/cli/check_command.h"
#include "daemon/cli/explain_command.h"
#include "daemon/cli/init_command.h"
#include "daemon/service/run_command.h"
#include "daemon/trial/demo_command.h"
#include "daemon/trial/receive_command.h"
#include "daemon/trial/selftest_command.h"

namespace vhookd {

// The commands that do more than send a request to the daemon. Tests pass their own.
struct Commands {
  std::function<int(const RunOptions&)> run;
  std::function<int(const CheckOptions&)> check;
  std::function<int(const DemoOptions&)> demo;
  std::function<int(const ReceiveOptions&)> receive;
  std::function<int(const ExplainOptions&)> explain;
  std::function<int(const InitOptions&)> init;
  std::function<int(const SelftestOptions&)> selftest;
};

// Runs the command and returns the exit code of the process. For an invalid command line prints the reason and the
// usage on standard error and returns 64.
int command_line(int argc, const char* const* argv, const Commands& handlers);

}  // namespace vhookd
