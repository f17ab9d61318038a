// Splits a database URL into its parts and validates them. Pure. Thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "config/config.h"

namespace vhookd::config {

// SCHEME://[USER[:PASSWORD]@]HOSTS[/PATH][?QUERY]
struct UrlParts {
  std::string_view scheme;  // including ://
  std::string_view user;    // USER[:PASSWORD]@, or empty
  std::string_view hosts;
  std::string_view path;
  std::string_view query;  // including ?
};

// REQUIRES: the URL contains "://".
UrlParts split_url(std::string_view url);

// An invalid percent-encoding is left unchanged.
std::string percent_decoded(std::string_view text);

// Databases whose URLs have the same form: supabase is PostgreSQL, mariadb is MySQL.
enum class UrlFamily { postgres, mysql, sqlite, other };
UrlFamily url_family(DbType type);

// What is wrong with a URL of that type; empty: nothing. The text contains no part of the URL, which may be a password.
std::string database_url_error(std::string_view url, DbType type);

}  // namespace vhookd::config
