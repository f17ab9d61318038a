#include "config/database_url.h"

#include <algorithm>
#include <array>
#include <vector>

#include "config/report.h"
#include "config/url_parts.h"
#include "core/text.h"

namespace vhookd::config {

namespace {

using std::string_view;

constexpr auto npos = string_view::npos;

struct Scheme {
  string_view name;
  DbType type;
};

constexpr std::array schemes = {
    Scheme{"postgresql", DbType::postgres}, Scheme{"postgres", DbType::postgres},
    Scheme{"mysql", DbType::mysql},         Scheme{"mariadb", DbType::mariadb},
    Scheme{"sqlite", DbType::sqlite},       Scheme{"mssql", DbType::mssql},
    Scheme{"sqlserver", DbType::mssql},     Scheme{"mongodb", DbType::mongodb},
    Scheme{"mongodb+srv", DbType::mongodb}, Scheme{"snowflake", DbType::snowflake},
};

bool letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool has_control(string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

std::string scheme_of(string_view url) {
  const std::size_t end = url.find("://");
  if (end == npos || end == 0) return {};
  std::string scheme(url.substr(0, end));
  if (!std::ranges::all_of(scheme, [](char c) { return letter_or_digit(c) || c == '+'; })) return {};
  return lower(scheme);
}

// Client libraries accept only lower-case schemes.
std::string with_lower_scheme(std::string url) {
  const std::string scheme = scheme_of(url);
  return url.replace(0, scheme.size(), scheme);
}

// libpq percent-decodes parameter names too: %70assword means password.
bool names_a_password(string_view name) {
  std::string low;
  for (const char c : percent_decoded(name))
    if (c != '_' && c != '-') low += lower(c);
  return low.contains("pass") ? low != "passfile"
                              : low == "pw" || low == "pwd" || low.contains("secret") || low.contains("token");
}

std::string redact_url(string_view url) {
  const UrlParts parts = split_url(url);
  std::string out(parts.scheme);
  const std::size_t colon = parts.user.find(':');
  out += colon == npos ? std::string(parts.user) : std::string(parts.user.substr(0, colon)) + ":***@";
  out.append(parts.hosts).append(parts.path);
  for (string_view query = parts.query; !query.empty();) {
    out += query[0];
    query.remove_prefix(1);
    const string_view field = query.substr(0, query.find('&'));
    query.remove_prefix(field.size());
    const string_view name = field.substr(0, field.find('='));
    out += names_a_password(name) ? std::string(name) + "=***" : std::string(field);
  }
  return out;
}

// Splits libpq's `name = value` or `name = 'value'`, with \ before ' and \. Returns nullopt for any other text.
struct Keyword {
  std::string_view name;
  std::string_view value;  // as written, including quotes
};
std::optional<std::vector<Keyword>> split_keywords(string_view text) {
  constexpr string_view space = " \t\n\r";
  std::vector<Keyword> words;
  const auto skip = [&] { text.remove_prefix(std::min(text.size(), text.find_first_not_of(space))); };
  for (skip(); !text.empty(); skip()) {
    const string_view name = text.substr(0, text.find_first_of(" \t\n\r="));
    text.remove_prefix(name.size());
    skip();
    if (name.empty() || !text.starts_with('=')) return std::nullopt;
    text.remove_prefix(1);
    skip();
    const bool quote = text.starts_with('\'');
    std::size_t end = quote ? 1 : 0;
    while (end < text.size() && (quote ? text[end] != '\'' : !space.contains(text[end])))
      end += text[end] == '\\' ? 2 : 1;
    if (quote) ++end;
    if (end > text.size()) return std::nullopt;
    words.push_back({name, text.substr(0, end)});
    text.remove_prefix(end);
  }
  if (words.empty()) return std::nullopt;
  return words;
}

std::string redact_keywords(string_view text) {
  std::vector<std::string> out;
  const auto words = split_keywords(text);
  if (!words) return "***";
  for (const Keyword& word : *words)
    out.push_back(std::string(word.name) + "=" + (names_a_password(word.name) ? "***" : std::string(word.value)));
  return joined(out, " ");
}

std::string percent_encoded(string_view text, string_view keep) {
  constexpr string_view hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (letter_or_digit(c) || keep.contains(c)) {
      out += c;
    } else {
      out += '%';
      out += hex[(c >> 4) & 15];
      out += hex[c & 15];
    }
  }
  return out;
}

std::string escaped_for_keywords(string_view text, bool inside_quotes) {
  if (text.empty() && !inside_quotes) return "''";
  std::string out;
  for (const char c : text) {
    if (string_view("\\' \t\n\r").contains(c)) out += '\\';
    out += c;
  }
  return out;
}

// Each reference is replaced by a mark, so that its characters cannot become part of the URL's structure.
std::string mark(std::size_t index) {
  return "\x01" + std::to_string(index) + "\x02";
}

std::string with_marks(const Text& text) {
  std::string out;
  for (std::size_t i = 0; i < text.pieces.size(); ++i)
    out += text.pieces[i].is_reference() ? mark(i) : text.pieces[i].text;
  return out;
}

template <class Replace>
std::string replace_marks(std::string text, const Text& original, Replace replacement) {
  for (std::size_t i = 0; i < original.pieces.size(); ++i) {
    if (!original.pieces[i].is_reference()) continue;
    const std::string token = mark(i);
    if (const std::size_t at = text.find(token); at != npos)
      text.replace(at, token.size(), replacement(original.pieces[i], at, text));
  }
  return text;
}

bool is_sqlite(string_view url) {
  return db_type_of_scheme(scheme_of(url)) == DbType::sqlite;
}

// Whether position `at` is in the value of a query parameter. Anything else in the query is structure.
bool is_parameter_value(string_view url, const UrlParts& parts, std::size_t at) {
  if (parts.query.empty() || at < url.size() - parts.query.size()) return false;
  const string_view before = url.substr(0, at);
  return before.substr(before.find_last_of("?&")).contains('=');
}

// The complete text, with each reference inserted in the encoding that its part of the URL requires.
std::string assemble(const Text& text, const std::string& marked) {
  if (!scheme_of(marked).empty()) {
    return replace_marks(marked, text, [](const Piece& piece, std::size_t at, const std::string& so_far) {
      const UrlParts parts = split_url(so_far);
      const std::size_t offset = parts.scheme.size();
      if (is_sqlite(so_far)) return at < offset ? piece.text : percent_encoded(piece.text, "/-._~");
      if (is_parameter_value(so_far, parts, at)) return percent_encoded(piece.text, "-._~");
      if (at < offset || at >= offset + parts.user.size()) return piece.text;
      const bool in_password = parts.user.substr(0, at - offset).contains(':');
      return percent_encoded(piece.text, in_password ? "-._~" : "-._~:%");
    });
  }
  if (marked.contains('=')) {
    return replace_marks(marked, text, [](const Piece& piece, std::size_t at, const std::string& so_far) {
      const bool inside_quotes = std::ranges::count(so_far.substr(0, at), '\'') % 2 == 1;
      return escaped_for_keywords(piece.text, inside_quotes);
    });
  }
  return text.value();
}

}  // namespace

std::optional<DbType> db_type_of_scheme(const std::string& scheme) {
  const auto* found = std::ranges::find(schemes, scheme, &Scheme::name);
  if (found == schemes.end()) return std::nullopt;
  return found->type;
}

DbType db_type_of(const DatabaseUrl& url) {
  return db_type_of_scheme(url.scheme).value_or(DbType::postgres);
}

std::string supported_types() {
  std::vector<std::string> names;
  for (const DbType type : all_db_types())
    if (reachable(type)) names.emplace_back(name_of(type));
  return joined(names);
}

std::string schemes_of(DbType type) {
  switch (url_family(type)) {
    case UrlFamily::sqlite:
      return "sqlite://";
    case UrlFamily::mysql:
      return "mysql:// or mariadb://";
    case UrlFamily::postgres:
    case UrlFamily::other:
      break;
  }
  return "postgresql:// or postgres://";
}

bool fits(const DatabaseUrl& url, DbType type) {
  if (url.scheme.empty()) return url_family(type) == UrlFamily::postgres;
  const auto own = db_type_of_scheme(url.scheme);
  return own && reachable(*own) && url_family(*own) == url_family(type);
}

std::expected<DatabaseUrl, std::string> read_database_url(const Text& text) {
  constexpr string_view forms = "write postgresql://, mysql://, mariadb:// or sqlite:///path";
  const std::string marked = with_lower_scheme(with_marks(text));
  const std::string url = with_lower_scheme(assemble(text, marked));
  if (url.empty()) return std::unexpected("is empty; " + std::string(forms));
  // The text as written is checked too, because marks consist of control characters.
  if (has_control(text.written) || has_control(url))
    return std::unexpected("contains a line break or another control character");
  DatabaseUrl result{Secret(url), {}, scheme_of(url)};
  if (result.scheme.empty()) {
    if (url.contains("://") || url.starts_with("sqlite:") || !split_keywords(url))
      return std::unexpected("is not a database URL; " + std::string(forms) + ", or a libpq string host=… dbname=…");
  } else {
    const auto type = db_type_of_scheme(result.scheme);
    if (!type) return std::unexpected("has an unknown scheme; " + std::string(forms));
    if (!reachable(*type))
      return std::unexpected("is a " + std::string(name_of(*type)) +
                             " URL, which this build does not support; it supports " + supported_types());
    if (auto fault = database_url_error(url, *type); !fault.empty()) return std::unexpected(std::move(fault));
  }
  // If the structure itself is written out, show references as written, so that none is printed resolved.
  const bool written = !scheme_of(marked).empty() || marked.contains('=');
  const std::string& shown = written ? marked : url;
  result.display = replace_marks(result.scheme.empty() ? redact_keywords(shown) : redact_url(shown), text,
                                 [](const Piece& piece, std::size_t, const std::string&) { return piece.written; });
  return result;
}

}  // namespace vhookd::config
