// The databases vhookd knows by name, and those this build reaches.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace vhookd {

enum class DbType { postgres, mysql, mariadb, sqlite, mssql, mongodb, supabase, snowflake };

std::string_view name_of(DbType type);  // "postgres", as written in YAML
std::optional<DbType> db_type_named(std::string_view name);
std::span<const DbType> all_db_types();
bool reachable(DbType type);           // this build has a connector for it
bool tells_transactions(DbType type);  // its rows tell which transaction wrote them: detect: xid can work

}  // namespace vhookd
