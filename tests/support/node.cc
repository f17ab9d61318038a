#include "tests/support/node.h"
#include "tests/support/paths.h"

#include <sys/wait.h>

#include <array>
#include <cstdio>

namespace vhookd::testing {

int run_shell(const std::string& command, std::string& said) {
  said.clear();
  FILE* pipe = popen(("{ " + command + "\n} 2>&1").c_str(), "re");
  if (pipe == nullptr) return -1;
  std::array<char, 4096> chunk;
  for (std::size_t got = 0; (got = fread(chunk.data(), 1, chunk.size(), pipe)) > 0;) said.append(chunk.data(), got);
  const int status = pclose(pipe);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string npm_package(const std::string& package, std::string& why) {
  std::string said;
  const int code = run_shell(source_dir() + "/tests/support/npm_package " + package, said);
  while (said.ends_with('\n')) said.pop_back();
  if (code == 0) return said;
  why = said;
  return {};
}

}  // namespace vhookd::testing
