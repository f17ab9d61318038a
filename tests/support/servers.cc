#include "tests/support/servers.h"
#include "tests/support/paths.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace vhookd::testing {

namespace {

// The rest of the line of the urls file that begins with `prefix`.
std::optional<std::string> line_after(const std::string& prefix) {
  std::ifstream urls(build_dir() + "/servers/urls");
  std::string line;
  while (std::getline(urls, line))
    if (line.starts_with(prefix)) return line.substr(prefix.size());
  return std::nullopt;
}

std::string variable(const std::string& name) {
  std::string text = "VHOOKD_TEST_" + name;
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

}  // namespace

std::optional<std::string> server_url(const std::string& name) {
  if (const char* url = std::getenv(variable(name).c_str()); url != nullptr && *url != '\0') return url;
  return line_after(name + "=");
}

std::string why_unavailable(const std::string& name) {
  if (server_url(name)) return {};
  if (const auto reason = line_after("#" + name + ": ")) return name + ": " + *reason;
  return name +
         ": no test servers are up; run the tests with ./dev test, or start them with tests/servers/servers up " +
         build_dir() + "/servers, or set " + variable(name);
}

}  // namespace vhookd::testing
