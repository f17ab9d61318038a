// Where a database is, as text: checked as far as it can be without its client library, and printable.
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
  std::string display;  // with *** for every password; a reference stands as it was written
  std::string scheme;   // lower case; empty: libpq's form of keywords and values
};

// A reference in the user or password part is percent-encoded, in the keyword form escaped: a password is taken as it
// is, and none can lead to another host. What is wrong is said without any part of the text.
std::expected<DatabaseUrl, std::string> read_database_url(const Text& text);

// What the scheme alone says; nothing for the keyword form and schemes of no database known here.
std::optional<DbType> db_type_of_scheme(const std::string& scheme);
DbType db_type_of(const DatabaseUrl& url);  // one without a scheme is libpq's keyword=value

// The url can be one of a database of this type: supabase speaks postgresql://, mysql and mariadb each other's.
bool fits(const DatabaseUrl& url, DbType type);

// "postgresql:// or postgres://", for messages.
std::string schemes_of(DbType type);

std::string reachable_types();  // "postgres, mysql, …"

}  // namespace vhookd::config
