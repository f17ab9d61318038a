#include "config/database_url.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "config/report.h"

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

std::string scheme_of(string_view url) {
  const std::size_t end = url.find("://");
  if (end == npos || end == 0) return {};
  std::string scheme(url.substr(0, end));
  if (!std::ranges::all_of(scheme, [](char c) { return letter_or_digit(c) || c == '+'; })) return {};
  for (char& c : scheme) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return scheme;
}

// The parts of SCHEME://[USER[:PASSWORD]@]HOSTS[/PATH][?QUERY]
struct Parts {
  string_view scheme;  // with ://
  string_view user;    // USER[:PASSWORD]@, or empty
  string_view hosts;
  string_view path;
  string_view query;  // with ?
};

Parts split(string_view url) {
  Parts parts;
  parts.scheme = url.substr(0, url.find("://") + 3);
  url.remove_prefix(parts.scheme.size());
  const string_view authority = url.substr(0, url.find_first_of("/?"));
  url.remove_prefix(authority.size());
  const std::size_t at = authority.rfind('@');
  parts.user = authority.substr(0, at == npos ? 0 : at + 1);
  parts.hosts = authority.substr(parts.user.size());
  parts.path = url.substr(0, url.find('?'));
  parts.query = url.substr(parts.path.size());
  return parts;
}

bool names_a_password(string_view name) {
  std::string low;
  for (const char c : name)
    if (c != '_' && c != '-') low += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return low.contains("pass") ? low != "passfile"
                              : low == "pw" || low == "pwd" || low.contains("secret") || low.contains("token");
}

bool well_encoded(string_view text) {
  const auto hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); };
  for (std::size_t i = text.find('%'); i != npos; i = text.find('%', i + 1))
    if (i + 2 >= text.size() || !hex(text[i + 1]) || !hex(text[i + 2])) return false;
  return true;
}

// HOST[:PORT][,HOST[:PORT]…]; what is wrong, or empty.
std::string fault_of_hosts(string_view hosts, bool several) {
  if (!several && hosts.contains(',')) return "names several hosts; only PostgreSQL takes more than one";
  while (!hosts.empty()) {
    string_view host = hosts.substr(0, hosts.find(','));
    hosts.remove_prefix(std::min(hosts.size(), host.size() + 1));
    if (host.starts_with('[')) {
      if (!host.contains(']')) return "has a [ without its ]";
      host.remove_prefix(host.find(']') + 1);
    }
    const std::size_t colon = host.find(':');
    if (colon == npos || colon + 1 == host.size()) continue;
    int port = 0;
    const string_view digits = host.substr(colon + 1);
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (fault != std::errc() || end != digits.data() + digits.size() || port < 1 || port > 65535)
      return "has no valid port (1 to 65535); in a password write @ : / ? as %40 %3A %2F %3F";
  }
  return {};
}

// Strict, because redaction rests on it: a password with a stray @ or / in it would be cut in the wrong place.
std::string fault_of_url(string_view url, DbType type) {
  const Parts parts = split(url);
  if (type == DbType::sqlite) {
    if (!parts.user.empty() || !parts.hosts.empty() || parts.path.size() < 2)
      return "needs an absolute path: sqlite:///var/lib/app/app.db";
    return {};
  }
  if (url.find_first_of(" \t") != npos) return "holds a space; write it as %20";
  if (!well_encoded(url)) return "has a % that begins no percent-encoding; write it as %25";
  if (std::ranges::count(parts.user, '@') > 1 || parts.path.contains('@'))
    return "has more than one @; in a password write @ : / ? as %40 %3A %2F %3F";
  const bool postgres = type == DbType::postgres;
  if (!postgres && parts.hosts.empty() && !parts.query.contains("socket="))
    return "names no host: " + std::string(parts.scheme) + "user:password@host:port/database";
  for (string_view query = parts.query; !query.empty();) {
    query.remove_prefix(1);
    const string_view field = query.substr(0, query.find('&'));
    query.remove_prefix(field.size());
    if (!field.contains('='))
      return "has a parameter without a value; write ?name=value, and in a password @ : / ? as %40 %3A %2F %3F";
  }
  return fault_of_hosts(parts.hosts, postgres);
}

std::string redact_url(string_view url) {
  const Parts parts = split(url);
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

// libpq's `name = value` or `name = 'value'`, with \ before ' and \. Nothing when it is not that.
struct Keyword {
  std::string_view name;
  std::string_view value;  // as written, with quotes
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

// A reference stands in the text as one mark, so that its own characters are no part of the structure.
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
    const std::string token = mark(i);
    if (const std::size_t at = text.find(token); at != npos)
      text.replace(at, token.size(), replacement(original.pieces[i], at, text));
  }
  return text;
}

// Behind the = of a parameter. What stands before it, or for a whole parameter, is structure.
bool stands_for_a_value(string_view url, const Parts& parts, std::size_t at) {
  if (parts.query.empty() || at < url.size() - parts.query.size()) return false;
  if (db_type_of_scheme(scheme_of(url)) == DbType::sqlite) return false;
  const string_view before = url.substr(0, at);
  return before.substr(before.find_last_of("?&")).contains('=');
}

// The whole text with each reference put in as its place in the url needs it.
std::string assemble(const Text& text, const std::string& marked) {
  if (!scheme_of(marked).empty()) {
    return replace_marks(marked, text, [](const Piece& piece, std::size_t at, const std::string& so_far) {
      const Parts parts = split(so_far);
      const std::size_t offset = parts.scheme.size();
      if (stands_for_a_value(so_far, parts, at)) return percent_encoded(piece.text, "-._~");
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

std::string reachable_types() {
  std::vector<std::string> names;
  for (const DbType type : all_db_types())
    if (reachable(type)) names.emplace_back(name_of(type));
  return joined(names);
}

std::string schemes_of(DbType type) {
  switch (dialect_of(type)) {
    case Dialect::sqlite:
      return "sqlite://";
    case Dialect::mysql:
      return "mysql:// or mariadb://";
    case Dialect::postgres:
      break;
  }
  return "postgresql:// or postgres://";
}

bool fits(const DatabaseUrl& url, DbType type) {
  if (url.scheme.empty()) return dialect_of(type) == Dialect::postgres;
  const auto own = db_type_of_scheme(url.scheme);
  return own && reachable(*own) && dialect_of(*own) == dialect_of(type);
}

std::expected<DatabaseUrl, std::string> read_database_url(const Text& text) {
  constexpr string_view forms = "write postgresql://, mysql://, mariadb:// or sqlite:///path";
  const std::string marked = with_marks(text);
  const std::string url = assemble(text, marked);
  if (url.empty()) return std::unexpected("is empty; " + std::string(forms));
  if (std::ranges::any_of(url, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }))
    return std::unexpected("holds a line break or another control character");
  DatabaseUrl result{Secret(url), {}, scheme_of(url)};
  if (result.scheme.empty()) {
    if (url.contains("://") || url.starts_with("sqlite:") || !split_keywords(url))
      return std::unexpected("is no database url; " + std::string(forms) + ", or libpq's host=… dbname=…");
  } else {
    const auto type = db_type_of_scheme(result.scheme);
    if (!type) return std::unexpected("has a scheme that is none of a database known here; " + std::string(forms));
    if (!reachable(*type))
      return std::unexpected("is a " + std::string(name_of(*type)) + ", which this build does not reach; it reaches " +
                             reachable_types());
    if (auto fault = fault_of_url(url, *type); !fault.empty()) return std::unexpected(std::move(fault));
  }
  // As written where the structure is written, so that no reference is printed resolved.
  const bool written = !scheme_of(marked).empty() || marked.contains('=');
  const std::string& shown = written ? marked : url;
  result.display = replace_marks(result.scheme.empty() ? redact_keywords(shown) : redact_url(shown), text,
                                 [](const Piece& piece, std::size_t, const std::string&) { return piece.written; });
  return result;
}

}  // namespace vhookd::config
