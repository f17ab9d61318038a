// `vhookd COMMAND [OPTIONS]`: from words to a command with its options.
#pragma once

#include <functional>

#include "daemon/check_command.h"
#include "daemon/demo_command.h"
#include "daemon/explain_command.h"
#include "daemon/init_command.h"
#include "daemon/receive_command.h"
#include "daemon/run_command.h"
#include "daemon/selftest_command.h"

namespace vhookd {

// The commands that are more than a question to the daemon. Tests hand in their own.
struct Commands {
  std::function<int(const RunOptions&)> run;
  std::function<int(const CheckOptions&)> check;
  std::function<int(const DemoOptions&)> demo;
  std::function<int(const ReceiveOptions&)> receive;
  std::function<int(const ExplainOptions&)> explain;
  std::function<int(const InitOptions&)> init;
  std::function<int(const SelftestOptions&)> selftest;
};

// Runs the command and returns the process's exit code. Wrong words: the reason and the usage on
// standard error, and 64.
int command_line(int argc, const char* const* argv, const Commands& handlers);

}  // namespace vhookd
