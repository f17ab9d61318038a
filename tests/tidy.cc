#include "tests/tidy.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <ranges>
#include <regex>
#include <set>

namespace vhookd::tidy {

namespace {

// Tables of test cases may grow further than what somebody must follow.
constexpr int longest_function = 80;
constexpr int longest_test_function = 120;
constexpr int longest_file = 450;
constexpr int longest_test_file = 550;

std::string folder_of(const std::string& path) {
  return path.substr(0, path.find('/'));
}

bool is_ours_outside_tests(const std::string& path) {
  static const std::set<std::string> rooms = {"config",   "connectors", "core", "daemon",
                                              "delivery", "scheduler",  "store"};
  return rooms.contains(folder_of(path));
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t start = 0;
  for (auto end = text.find('\n'); end != std::string::npos; start = end + 1, end = text.find('\n', start))
    lines.push_back(text.substr(start, end - start));
  if (start < text.size()) lines.push_back(text.substr(start));
  return lines;
}

// connectors/postgres/types.h is in connectors/postgres; core/clock.h in core.
std::string parent_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

bool may_include(const std::string& from, const std::string& included) {
  const std::string mine = folder_of(from);
  const std::string theirs = folder_of(included);
  if (theirs == "core" || theirs == "config") return mine != "core" || theirs == "core";
  if (mine == "daemon") return theirs != "tests" && theirs != "bench";
  if (mine != theirs) return false;
  // Within connectors/ a database's folder does not know the others; only connector.cc knows them all.
  if (mine != "connectors" || from == "connectors/connector.cc") return true;
  const std::string folder = parent_of(included);
  return folder == "connectors" || folder == "connectors/sql" || folder == parent_of(from);
}

// ---- functions, found by their braces

enum class Block { scope, function, data, inner };

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

bool has_word(const std::string& text, const std::string& word) {
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    const auto end = at + word.size();
    if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]))) return true;
  }
  return false;
}

// What a `{` opens, by the text since the last statement ended.
Block kind_of(const std::string& head, Block around) {
  if (around != Block::scope) return Block::inner;
  std::string flat;  // without what stands in parentheses
  int depth = 0;
  for (const char c : head) {
    depth += c == '(' ? 1 : 0;
    if (depth == 0) flat += c;
    depth -= c == ')' ? 1 : 0;
  }
  const bool parenthesised = head.find('(') != std::string::npos;
  if (has_word(flat, "namespace") || (has_word(flat, "extern") && !parenthesised)) return Block::scope;
  if (const auto equals = flat.find('='); equals != std::string::npos && !has_word(flat, "operator"))
    return flat.find('[', equals) == std::string::npos ? Block::data : Block::function;  // a lambda
  if (has_word(flat, "enum")) return Block::data;
  if (!parenthesised && (has_word(flat, "class") || has_word(flat, "struct") || has_word(flat, "union")))
    return Block::scope;
  return parenthesised ? Block::function : Block::data;
}

std::string without_directives(const std::string& code) {
  std::string out;
  bool continued = false;
  for (const auto& line : lines_of(code)) {
    const auto first = line.find_first_not_of(' ');
    const bool directive = continued || (first != std::string::npos && line[first] == '#');
    continued = directive && line.ends_with('\\');
    out += (directive ? std::string() : line) + "\n";
  }
  return out;
}

void check_functions(const File& file, std::vector<Finding>& found) {
  struct Open {
    Block block;
    int line;
  };
  std::vector<Open> open = {{Block::scope, 0}};
  std::string head;
  const int longest = is_ours_outside_tests(file.path) ? longest_function : longest_test_function;
  int line = 1;
  for (const char c : without_directives(code_only(file.text))) {
    if (c == '\n') ++line;
    if (c == '{') {
      open.push_back({kind_of(head, open.back().block), line});
      head.clear();
    } else if (c == '}') {
      if (open.size() == 1) return;  // not C++ as we know it; the compiler will say
      const auto [block, start] = open.back();
      open.pop_back();
      const int length = line - start + 1;
      if (block == Block::function && length > longest)
        found.push_back({file.path, start, "a function of " + std::to_string(length) + " lines; split it"});
      head.clear();
    } else if (c == ';') {
      head.clear();
    } else {
      head += c;
    }
  }
}

// ---- the lexer for code_only

// The end of the literal that starts with the quote at `at`: one past its closing quote.
std::size_t end_of_quoted(const std::string& text, std::size_t at) {
  const char quote = text[at];
  for (std::size_t i = at + 1; i < text.size() && text[i] != '\n'; ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      return i + 1;
    }
  }
  return std::min(text.find('\n', at), text.size());
}

std::size_t end_of_raw(const std::string& text, std::size_t quote) {
  const auto paren = text.find('(', quote);
  if (paren == std::string::npos) return text.size();
  const std::string close = ")" + text.substr(quote + 1, paren - quote - 1) + "\"";
  const auto end = text.find(close, paren);
  return end == std::string::npos ? text.size() : end + close.size();
}

// The end of the comment or literal that starts at `at`; `at` itself where none does.
std::size_t end_of_opaque(const std::string& text, std::size_t at) {
  const char c = text[at];
  if (text.compare(at, 2, "//") == 0) return std::min(text.find('\n', at), text.size());
  if (text.compare(at, 2, "/*") == 0) {
    const auto end = text.find("*/", at + 2);
    return end == std::string::npos ? text.size() : end + 2;
  }
  if (c == '"') return at > 0 && text[at - 1] == 'R' ? end_of_raw(text, at) : end_of_quoted(text, at);
  const bool digit_separator = at > 0 && is_word(text[at - 1]);
  if (c == '\'' && !digit_separator) return end_of_quoted(text, at);
  return at;
}

}  // namespace

std::string describe(const Finding& finding) {
  return finding.path + (finding.line > 0 ? ":" + std::to_string(finding.line) : "") + ": " + finding.what;
}

std::string code_only(const std::string& text) {
  std::string out = text;
  for (std::size_t i = 0; i < out.size();) {
    const auto end = end_of_opaque(text, i);
    for (auto j = i; j < end; ++j)
      if (out[j] != '\n') out[j] = ' ';
    i = std::max(end, i + 1);
  }
  return out;
}

void check_arrows(const File& file, std::vector<Finding>& found) {
  if (!is_ours_outside_tests(file.path)) return;
  static const std::regex include(R"re(^\s*#\s*include\s*"([^"]+)")re");
  int line = 0;
  for (const auto& text : lines_of(file.text)) {
    ++line;
    std::smatch match;
    if (!std::regex_search(text, match, include)) continue;
    const std::string included = match[1];
    if (!is_ours_outside_tests(included) && included.find('/') == std::string::npos) {
      found.push_back({file.path, line, "\"" + included + "\": write includes from the top of the repository"});
    } else if (!may_include(file.path, included)) {
      found.push_back({file.path, line, folder_of(file.path) + "/ may not include " + included});
    }
  }
}

void check_calls(const File& file, std::vector<Finding>& found) {
  struct Ban {
    std::regex call;
    std::set<std::string> allowed;  // folders or files
    std::string instead;
  };
  static const std::vector<Ban> bans = {
      {std::regex(R"(\b(system_clock|steady_clock|high_resolution_clock)::now\b)"), {"core/clock.cc"}, "take a Clock"},
      {std::regex(R"(\b(gettimeofday|clock_gettime|std::time|localtime|gmtime)\s*\()"),
       {"core/clock.cc"},
       "take a Clock"},
      {std::regex(R"(\b(sleep_for|sleep_until|usleep|nanosleep)\s*\(|[^\w.>:]sleep\s*\()"),
       {"core/clock.cc"},
       "wait for the event, with a timeout"},
      {std::regex(R"(\bstd::(cout|cerr|clog)\b|\bprintf\s*\()"), {"daemon"}, "hand back values; daemon/ prints"},
      {std::regex(R"(\b(getenv|secure_getenv)\b)"),
       {"daemon", "config"},
       "the environment is read in config/ and daemon/"},
  };
  if (!is_ours_outside_tests(file.path)) return;
  int line = 0;
  for (const auto& text : lines_of(code_only(file.text))) {
    ++line;
    for (const auto& ban : bans) {
      std::smatch match;
      if (ban.allowed.contains(file.path) || ban.allowed.contains(folder_of(file.path))) continue;
      if (std::regex_search(text, match, ban.call))
        found.push_back({file.path, line, match.str() + " is not for here: " + ban.instead});
    }
  }
}

void check_length(const File& file, std::vector<Finding>& found) {
  const auto lines = static_cast<int>(lines_of(file.text).size());
  const int longest = is_ours_outside_tests(file.path) ? longest_file : longest_test_file;
  if (lines > longest)
    found.push_back(
        {file.path, 0, std::to_string(lines) + " lines, over " + std::to_string(longest) + "; one idea for each file"});
  check_functions(file, found);
}

void check_header(const File& file, std::vector<Finding>& found) {
  if (!file.path.ends_with(".h")) return;
  if (!file.text.starts_with("// "))
    found.push_back({file.path, 1, "a header begins with a comment that says what it is for"});
  if (code_only(file.text).find("#pragma once") == std::string::npos)
    found.push_back({file.path, 0, "no #pragma once"});
}

void check_text(const File& file, std::vector<Finding>& found) {
  // Folders of the one machine somebody worked on. A unit's ProtectHome is none.
  static const std::regex machine(R"re((^|[\s"'`(=:])/(root|work|home/[a-z]\w*|Users/\w+)/)re");
  int line = 0;
  for (const auto& text : lines_of(file.text)) {
    ++line;
    if (text.find('\t') != std::string::npos) found.push_back({file.path, line, "a tab"});
    if (text.find('\r') != std::string::npos) found.push_back({file.path, line, "a carriage return"});
    if (text.ends_with(' ') || text.ends_with('\t')) found.push_back({file.path, line, "trailing blanks"});
    if (std::regex_search(text, machine)) found.push_back({file.path, line, "a path of somebody's own machine"});
  }
  if (!file.text.empty() && !file.text.ends_with('\n')) found.push_back({file.path, line, "no newline at the end"});
}

void check_listed(const std::vector<File>& files, std::vector<Finding>& found) {
  std::map<std::string, int> listed;  // path from the top -> how often
  static const std::regex word(R"re([^\s()"]+)re");
  for (const auto& file : files) {
    if (!file.path.ends_with("CMakeLists.txt")) continue;
    const std::string folder = file.path.substr(0, file.path.size() - std::string("CMakeLists.txt").size());
    for (std::sregex_iterator i(file.text.begin(), file.text.end(), word), end; i != end; ++i) {
      std::string name = i->str();
      const std::string top = "${CMAKE_SOURCE_DIR}/";
      if (name.ends_with(".cc")) ++listed[name.starts_with(top) ? name.substr(top.size()) : folder + name];
    }
  }
  for (const auto& file : files) {
    if (!file.path.ends_with(".cc")) continue;
    const auto times = listed.contains(file.path) ? listed.at(file.path) : 0;
    if (times == 0) found.push_back({file.path, 0, "in no CMakeLists.txt: it is never built"});
    if (times > 1 && is_ours_outside_tests(file.path)) found.push_back({file.path, 0, "listed twice"});
  }
}

}  // namespace vhookd::tidy
