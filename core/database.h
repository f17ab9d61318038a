// The database types that a configuration can name, and which of them this build supports.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace vhookd {

enum class DbType { postgres, mysql, mariadb, sqlite, mssql, mongodb, supabase, snowflake };

std::string_view name_of(DbType type);  // "postgres", as in the configuration
std::optional<DbType> db_type_named(std::string_view name);
std::span<const DbType> all_db_types();
bool reachable(DbType type);           // whether this build has a connector for it
bool tells_transactions(DbType type);  // its rows say which transaction wrote them, so detect: xid can work

}  // namespace vhookd
