// Parses db_url: checks it as far as possible without a client library, and produces a form that is safe to print.
// Pure.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "config/reference.h"
#include "core/database.h"
#include "core/secret.h"

namespace vhookd::config {

struct DatabaseUrl {
  Secret url;           // references resolved
  std::string display;  // passwords as ***, references as written: safe to print
  std::string scheme;   // in lower case; empty: a libpq keyword string
};

// A resolved reference in the user or password part is percent-encoded (in a keyword string: escaped), so that no
// password can change the host. The error never contains any part of the text.
std::expected<DatabaseUrl, std::string> read_database_url(const Text& text);

// The database type of a URL scheme; nullopt for an unknown or empty scheme.
std::optional<DbType> db_type_of_scheme(const std::string& scheme);
DbType db_type_of(const DatabaseUrl& url);  // one without a scheme is libpq's keyword=value

// Whether the URL can belong to a database of this type: supabase uses postgresql://, and mysql and mariadb accept each
// other's schemes.
bool fits(const DatabaseUrl& url, DbType type);

// "postgresql:// or postgres://", for messages.
std::string schemes_of(DbType type);

std::string supported_types();  // "postgres, mysql, …", for messages

}  // namespace vhookd::config
