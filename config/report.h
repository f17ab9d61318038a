// Collects the errors and notices of a configuration, so that one run reports all of them. Not thread-safe.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vhookd::config {

// A location in one of the files. Line and column count from 1, columns in characters; line 0 means the whole file.
struct Location {
  int file = 0;
  int line = 0;
  int column = 0;
  auto operator<=>(const Location&) const = default;
};

// Text passed to a Report must not contain a resolved secret.
class Report {
 public:
  int add_file(std::string name);  // returns the index for Location::file
  void error(Location at, std::string_view key, std::string_view what);
  void notice(Location at, std::string_view key, std::string_view what);

  const std::vector<std::string>& files() const { return files_; }  // indexed by Location::file
  std::string where(Location at) const;                             // "file:line:column", or "file"
  bool failed() const { return !errors_.empty(); }
  std::vector<std::string> errors() const;   // in file order
  std::vector<std::string> notices() const;  // in file order

 private:
  using Entries = std::vector<std::pair<Location, std::string>>;
  std::vector<std::string> print(Entries entries) const;

  std::vector<std::string> files_;
  Entries errors_;
  Entries notices_;
};

// Text from a file for use in a message: in double quotes, cut if long, control characters escaped.
std::string in_quotes(std::string_view text);

}  // namespace vhookd::config
