// The parts of a database url, and what is wrong with them. Pure.
#pragma once

#include <string>
#include <string_view>

#include "config/config.h"

namespace vhookd::config {

// SCHEME://[USER[:PASSWORD]@]HOSTS[/PATH][?QUERY]
struct UrlParts {
  std::string_view scheme;  // with ://
  std::string_view user;    // USER[:PASSWORD]@, or empty
  std::string_view hosts;
  std::string_view path;
  std::string_view query;  // with ?
};

// REQUIRES: "://" in it.
UrlParts split_url(std::string_view url);

// What is no percent-encoding stays as it is.
std::string percent_decoded(std::string_view text);

// Databases whose urls are written alike: supabase is a PostgreSQL, mariadb a MySQL.
enum class UrlFamily { postgres, mysql, sqlite, other };
UrlFamily url_family(DbType type);

// What keeps a client from taking the url of that type, or empty. Says no part of it: that might be of a password.
std::string fault_of_url(std::string_view url, DbType type);

}  // namespace vhookd::config
