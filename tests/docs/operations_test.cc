// docs/operations.md is an interface: it lists every log id and every metric of the daemon, and no other.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "tests/support/paths.h"

namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

void collect(const std::string& text, const std::regex& pattern, std::set<std::string>& found) {
  for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at) found.insert((*at)[1]);
}

TEST(Operations, EveryLogIdIsDocumentedAndEveryDocumentedIdIsLogged) {
  const fs::path root = vhookd::source_dir();
  std::set<std::string> logged;
  for (const auto& file : fs::recursive_directory_iterator(root / "daemon")) {
    if (file.path().extension() != ".cc") continue;
    const std::string text = read(file.path());
    for (auto at = text.find("log_event("); at != std::string::npos; at = text.find("log_event(", at + 1))
      collect(text.substr(at, text.find('{', at) - at), std::regex(R"re("([a-z-]+)")re"), logged);
  }
  std::set<std::string> documented;
  std::istringstream lines(read(root / "docs/operations.md"));
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("| `")) collect(line.substr(0, line.find('|', 1)), std::regex("`([a-z-]+)`"), documented);
  EXPECT_GT(logged.size(), 15U);
  EXPECT_EQ(logged, documented);
}

TEST(Operations, EveryMetricIsDocumentedAndEveryDocumentedMetricIsThere) {
  const fs::path root = vhookd::source_dir();
  std::set<std::string> shown;
  collect(read(root / "daemon/engine/metrics.cc"), std::regex(R"re("((?:vhookd|process)_[a-z_]+)")re"), shown);
  std::set<std::string> documented;
  std::istringstream lines(read(root / "docs/operations.md"));
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("| `"))
      collect(line.substr(0, line.find('|', 1)), std::regex("`((?:vhookd|process)_[a-z_]+)"), documented);
  EXPECT_GT(shown.size(), 30U);
  EXPECT_EQ(shown, documented);
}

}  // namespace
