#include "connectors/postgres/errors.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace vhookd::postgres {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    if (const auto line = trimmed(text.substr(0, end)); !line.empty()) lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// "ERROR:  relation …" in whatever language: a short word, a colon and two spaces.
std::string_view without_severity(std::string_view line) {
  const auto colon = line.find(":  ");
  return colon != std::string_view::npos && line.find(' ') > colon ? trimmed(line.substr(colon + 1)) : line;
}

// "LINE 1: SELECT …", under which libpq puts a caret.
bool excerpt(std::string_view line) {
  return line.starts_with("LINE ") && line.find(": ") != std::string_view::npos;
}

bool says_any(std::string_view message, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](auto word) { return message.find(word) != std::string_view::npos; });
}

// Cuts from the first quote to the last where any quoted piece isn't known to be harmless.
std::string scrubbed(std::string message, std::string_view display) {
  const auto first = message.find('"');
  const auto last = message.rfind('"');
  if (first == last) return message;
  for (auto at = first; at < last;) {
    const auto end = message.find('"', at + 1);
    const auto piece = std::string_view(message).substr(at + 1, end - at - 1);
    if (display.find(piece) == std::string_view::npos) return message.replace(first, last - first + 1, "\"…\"");
    at = end + 1 > last ? last : message.find('"', end + 1);
  }
  return message;
}

}  // namespace

std::string one_line(std::string_view message) {
  std::string text;
  bool skip = false;
  for (const auto line : lines_of(message)) {
    if (std::exchange(skip, false) && line.find_first_not_of("^. ") == std::string_view::npos) continue;
    if (line.starts_with("CONTEXT:")) break;  // internals, over any number of lines
    skip = excerpt(line);
    if (skip) continue;
    if (!text.empty()) text += "; ";
    text += without_severity(line);
  }
  return text;
}

Recourse recourse_of(std::string_view sqlstate) {
  using enum Recourse;
  struct Rule {
    std::string_view prefix;
    Recourse recourse;
  };
  // The first prefix that fits decides. Appendix A of the PostgreSQL manual names the codes.
  constexpr std::array rules = {
      Rule{"08", reconnect},       Rule{"57P01", reconnect},
      Rule{"57P02", reconnect},    Rule{"57P03", reconnect},
      Rule{"57P04", reconnect},    Rule{"57P05", reconnect},
      Rule{"25P03", reconnect},    Rule{"25P04", reconnect},
      Rule{"25P02", retry},        Rule{"40", retry},
      Rule{"53", retry},           Rule{"55P03", retry},
      Rule{"55006", retry},        Rule{"57014", retry},
      Rule{"58", retry},           Rule{"HV", retry},
      Rule{"22", ask_operator},    Rule{"28", ask_operator},
      Rule{"3D000", ask_operator}, Rule{"3F000", ask_operator},
      Rule{"55000", ask_operator},  // a materialized view not yet populated
      Rule{"42501", ask_operator}, Rule{"42P01", ask_operator},
      Rule{"42703", ask_operator}, Rule{"42883", ask_operator},
      Rule{"42804", ask_operator},  // a filter its column's type can't be compared with
  };
  for (const auto& [prefix, recourse] : rules)
    if (sqlstate.starts_with(prefix)) return recourse;
  return give_up;
}

Error statement_error(std::string_view sqlstate, std::string_view message) {
  auto text = one_line(message);
  if (text.empty()) text = "the server gave no reason";
  if (!sqlstate.empty()) text += " (SQLSTATE " + std::string(sqlstate) + ")";
  return {.recourse = recourse_of(sqlstate), .message = std::move(text)};
}

Error connect_error(std::string_view message, std::string_view display) {
  auto text = one_line(message);
  const auto at = [&](std::string_view words) { return text.find(words); };
  // Before it has an address to dial, libpq speaks of the URL and quotes it; after, only the server's answers.
  if (!text.starts_with("connection to server")) text = scrubbed(std::move(text), display);
  const auto full = display.empty() ? text : "can't connect to " + std::string(display) + ": " + text;

  // A server that speaks another language than English falls through to reconnect: tried again, and shown.
  if (says_any(text,
               {"invalid ", "missing ", "unexpected ", "end of string reached", "unterminated", "could not parse"}) &&
      at("connection to server") == std::string::npos)
    return {.recourse = Recourse::ask_operator,
            .message =
                full + " (in a URL, special characters of user and password are percent-encoded: @ is %40, / is %2F)"};
  if (says_any(text,
               {"the database system is", "too many clients", "too many connections", "remaining connection slots"}))
    return {.recourse = Recourse::reconnect, .message = full};
  const bool operators = says_any(
      text, {"authentication", "no password supplied", "no pg_hba.conf entry", "does not exist",
             "is not permitted to log in", "permission denied", "is not currently accepting connections", "certificate",
             "does not support SSL", "SSL was required", "channel binding", "private key", "root.crt"});
  return {.recourse = operators ? Recourse::ask_operator : Recourse::reconnect, .message = full};
}

}  // namespace vhookd::postgres
