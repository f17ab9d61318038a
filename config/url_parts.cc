#include "config/url_parts.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/text.h"

namespace vhookd::config {

namespace {

using std::string_view;

constexpr auto npos = string_view::npos;

std::optional<unsigned char> encoded_byte(string_view text) {
  unsigned char byte = 0;
  const auto digits = text.substr(0, 2);
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
  if (digits.size() != 2 || fault != std::errc() || end != digits.data() + 2) return std::nullopt;
  return byte;
}

bool well_encoded(string_view text) {
  for (std::size_t i = text.find('%'); i != npos; i = text.find('%', i + 1))
    if (!encoded_byte(text.substr(i + 1))) return false;
  return true;
}

// What is wrong with HOST[:PORT][,HOST[:PORT]…]; empty: nothing.
std::string hosts_error(string_view hosts, bool several) {
  if (!several && hosts.contains(',')) return "has several hosts; only PostgreSQL accepts more than one";
  while (!hosts.empty()) {
    string_view host = hosts.substr(0, hosts.find(','));
    hosts.remove_prefix(std::min(hosts.size(), host.size() + 1));
    if (host.starts_with('[')) {
      if (!host.contains(']')) return "has a [ without a closing ]";
      host.remove_prefix(host.find(']') + 1);
    }
    const std::size_t colon = host.find(':');
    if (colon == npos || colon + 1 == host.size()) continue;
    int port = 0;
    const string_view digits = host.substr(colon + 1);
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (fault != std::errc() || end != digits.data() + digits.size() || port < 1 || port > 65535)
      return "has an invalid port (1 to 65535); in a password, write @ : / ? as %40 %3A %2F %3F";
  }
  return {};
}

// TLS settings are checked before the first connection, so that a typing error shows when the configuration is loaded.
std::string parameter_error(const std::string& name, const std::string& value, bool postgres) {
  if (postgres) {
    const bool known = one_of(value, {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"});
    if (name == "sslmode" && !known)
      return "has an unknown sslmode; use disable, allow, prefer, require, verify-ca or verify-full";
    return {};
  }
  if (!one_of(name, {"ssl-mode", "ssl-ca", "ssl-cert", "ssl-key", "socket", "connect-timeout"}))
    return "has an unknown parameter; supported are ssl-mode, ssl-ca, ssl-cert, ssl-key, socket and connect-timeout";
  const bool known = one_of(lower(value), {"disabled", "preferred", "required", "verify_ca", "verify_identity"});
  if (name == "ssl-mode" && !known)
    return "has an unknown ssl-mode; use DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY";
  return {};
}

std::string query_error(string_view query, bool postgres) {
  while (!query.empty()) {
    query.remove_prefix(1);
    const string_view field = query.substr(0, query.find('&'));
    query.remove_prefix(field.size());
    if (field.empty() && query.empty()) break;  // a ? or & at the end: clients accept it
    const std::size_t equals = field.find('=');
    if (equals == npos)
      return "has a parameter without a value; write ?name=value, and in a password write @ : / ? as %40 %3A %2F %3F";
    auto fault =
        parameter_error(percent_decoded(field.substr(0, equals)), percent_decoded(field.substr(equals + 1)), postgres);
    if (!fault.empty()) return fault;
  }
  return {};
}

std::string sqlite_url_error(const UrlParts& parts) {
  if (!parts.user.empty() || !parts.hosts.empty() || parts.path.size() < 2)
    return "needs an absolute path: sqlite:///var/lib/app/app.db";
  if (!parts.query.empty()) return "accepts no options; write a ? in the path as %3F";
  if (parts.path.contains('#')) return "accepts no fragment; write a # in the path as %23";
  if (!well_encoded(parts.path)) return "has a % that does not start a percent-encoding; write it as %25";
  if (parts.path.contains("%00")) return "has %00 in its path, which no file name can contain";
  if (parts.path.ends_with('/'))
    return "is the path of a folder; write the path of a file: sqlite:///var/lib/app/app.db";
  return {};
}

}  // namespace

UrlParts split_url(string_view url) {
  UrlParts parts;
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

std::string percent_decoded(string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = text[i] == '%' ? encoded_byte(text.substr(i + 1)) : std::nullopt;
    out += byte ? static_cast<char>(*byte) : text[i];
    if (byte) i += 2;
  }
  return out;
}

UrlFamily url_family(DbType type) {
  switch (type) {
    case DbType::postgres:
    case DbType::supabase:
      return UrlFamily::postgres;
    case DbType::mysql:
    case DbType::mariadb:
      return UrlFamily::mysql;
    case DbType::sqlite:
      return UrlFamily::sqlite;
    case DbType::mssql:
    case DbType::mongodb:
    case DbType::snowflake:
      break;
  }
  return UrlFamily::other;
}

// Strict, because redaction depends on it: with an unencoded @ or / in the password, the wrong part would be redacted.
std::string database_url_error(string_view url, DbType type) {
  const UrlParts parts = split_url(url);
  if (type == DbType::sqlite) return sqlite_url_error(parts);
  if (url.find_first_of(" \t") != npos) return "contains a space; write it as %20";
  if (!well_encoded(url)) return "has a % that does not start a percent-encoding; write it as %25";
  if (std::ranges::count(parts.user, '@') > 1 || parts.path.contains('@'))
    return "has more than one @; in a password, write @ : / ? as %40 %3A %2F %3F";
  const bool postgres = url_family(type) == UrlFamily::postgres;
  if (!postgres && parts.hosts.empty() && !parts.query.contains("socket="))
    return "has no host; write " + std::string(parts.scheme) + "user:password@host:port/database";
  if (auto fault = query_error(parts.query, postgres); !fault.empty()) return fault;
  // libpq reads everything before the @ as user and password, including a ?.
  if (parts.query.contains('@'))
    return "has an @ after a ?; write it as %40, and in a password write @ : / ? as %40 %3A %2F %3F";
  return hosts_error(parts.hosts, postgres);
}

}  // namespace vhookd::config
