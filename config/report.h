// Where the faults of a configuration are gathered, so that one run can name them all.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vhookd::config {

// A place in one of the files read. Line and column count from 1, columns in characters; line 0 is the
// file as a whole.
struct Place {
  int file = 0;
  int line = 0;
  int column = 0;
  auto operator<=>(const Place&) const = default;
};

// Nothing handed to a Report may hold a resolved secret.
class Report {
 public:
  int add_file(std::string name);  // the number its Places carry
  void error(Place at, std::string_view key, std::string_view what);
  void notice(Place at, std::string_view key, std::string_view what);

  const std::vector<std::string>& files() const { return files_; }  // by number
  std::string where(Place at) const;                                // "file:line:column", or "file"
  bool failed() const { return !errors_.empty(); }
  std::vector<std::string> errors() const;   // in file order
  std::vector<std::string> notices() const;  // in file order

 private:
  using Entries = std::vector<std::pair<Place, std::string>>;
  std::vector<std::string> print(Entries entries) const;

  std::vector<std::string> files_;
  Entries errors_;
  Entries notices_;
};

// Text of a file as it may stand in a message: in double quotes, cut when long, control characters escaped.
std::string in_quotes(std::string_view text);

}  // namespace vhookd::config
