#include "connectors/mysql/grants.h"

#include <algorithm>
#include <array>

namespace vhookd::mysql {
namespace {

// The name at the front of `text`, quoted in backticks or bare up to a point or a space; taken off it.
std::string take_name(std::string_view& text) {
  std::string name;
  if (!text.starts_with('`')) {
    const std::size_t end = std::min(text.find_first_of(". "), text.size());
    name = text.substr(0, end);
    text.remove_prefix(end);
    return name;
  }
  std::size_t i = 1;
  for (; i < text.size(); ++i) {
    if (text[i] == '`') {
      if (i + 1 >= text.size() || text[i + 1] != '`') break;
      ++i;
    }
    name += text[i];
  }
  text.remove_prefix(std::min(i + 1, text.size()));
  return name;
}

// LIKE with \ as escape, as grants on databases are matched.
bool matches(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '%') {
    return matches(pattern.substr(1), text) || (!text.empty() && matches(pattern, text.substr(1)));
  }
  if (text.empty()) return false;
  if (pattern[0] == '_') return matches(pattern.substr(1), text.substr(1));
  if (pattern[0] == '\\' && pattern.size() > 1) pattern.remove_prefix(1);
  return pattern[0] == text[0] && matches(pattern.substr(1), text.substr(1));
}

// "SELECT, INSERT (`a`, `b`)" as SELECT and INSERT.
bool gives_writing(std::string_view privileges) {
  constexpr std::array<std::string_view, 5> writing = {"INSERT", "UPDATE", "DELETE", "ALL PRIVILEGES", "ALL"};
  std::string bare;
  int depth = 0;
  bool quoted = false;
  for (const char c : privileges) {
    if (c == '`') quoted = !quoted;
    if (quoted) continue;
    if (c == '(') ++depth;
    if (depth == 0) bare += c;
    if (c == ')') --depth;
  }
  std::string_view rest = bare;
  while (!rest.empty()) {
    std::string_view one = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (std::ranges::find(writing, one) != writing.end()) return true;
  }
  return false;
}

// Where " ON " stands outside backticks; npos: nowhere, it is a role that is granted.
std::size_t find_on(std::string_view grant) {
  bool quoted = false;
  for (std::size_t i = 0; i < grant.size(); ++i) {
    if (grant[i] == '`') quoted = !quoted;
    if (!quoted && grant.substr(i).starts_with(" ON ")) return i;
  }
  return std::string_view::npos;
}

bool writes(std::string_view grant, std::string_view schema, std::string_view table) {
  if (!grant.starts_with("GRANT ")) return false;
  const std::size_t on = find_on(grant);
  if (on == std::string_view::npos || !gives_writing(grant.substr(6, on - 6))) return false;
  std::string_view object = grant.substr(on + 4);
  if (object.starts_with("TABLE ")) object.remove_prefix(6);
  const std::string database = take_name(object);
  if (!object.starts_with('.')) return false;
  object.remove_prefix(1);
  const std::string name = take_name(object);
  if (database == "*") return name == "*";
  // Wildcards count only where the grant is on a whole database.
  return name == "*" ? matches(database, schema) : database == schema && name == table;
}

}  // namespace

bool may_write(const std::vector<std::string>& grants, std::string_view schema, std::string_view table) {
  return std::ranges::any_of(grants, [&](const std::string& grant) { return writes(grant, schema, table); });
}

}  // namespace vhookd::mysql
