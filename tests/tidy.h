// The house rules a compiler and clang-tidy do not know, checked on text. Pure: files in, findings out, so
// that each rule can be shown to fail on made-up input.
#pragma once

#include <string>
#include <vector>

namespace vhookd::tidy {

struct File {
  std::string path;  // from the top of the repository
  std::string text;
};

struct Finding {
  std::string path;
  int line = 0;  // 0: the file as a whole
  std::string what;
  bool operator==(const Finding&) const = default;
};

std::string describe(const Finding& finding);  // "core/a.cc:12: …"

// Each takes one C++ source or header, and looks at nothing else.
void check_arrows(const File& file, std::vector<Finding>& found);  // which folder may include which
void check_calls(const File& file, std::vector<Finding>& found);   // clocks, sleeps, cout, getenv: one door each
void check_length(const File& file, std::vector<Finding>& found);  // of functions and files
void check_header(const File& file, std::vector<Finding>& found);  // says what it is for; #pragma once
void check_text(const File& file, std::vector<Finding>& found);  // any text file: tabs, trailing blanks, machine paths

// Every .cc of `files` stands in one of the CMake files, and each of them has it once.
void check_listed(const std::vector<File>& files, std::vector<Finding>& found);

// The text with comments and the insides of literals blanked out, so that positions and lines stay.
std::string code_only(const std::string& text);

}  // namespace vhookd::tidy
