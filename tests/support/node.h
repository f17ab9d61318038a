// Scripts for Node that use a package of npm.
#pragma once

#include <string>

namespace vhookd::testing {

// The folder whose node_modules holds NAME@VERSION; brings it from npm the first time. Empty: it can't be had, and
// `why` says so.
std::string npm_package(const std::string& package, std::string& why);

// Runs a shell command; its exit code, and both its streams in `said`.
int run_shell(const std::string& command, std::string& said);

}  // namespace vhookd::testing
