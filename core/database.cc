#include "core/database.h"

#include <array>

namespace vhookd {

namespace {

struct Entry {
  DbType type;
  std::string_view name;
  bool reachable;
  bool tells_transactions;
};

constexpr std::array entries = {
    Entry{DbType::postgres, "postgres", true, true}, Entry{DbType::mysql, "mysql", true, false},
    Entry{DbType::mariadb, "mariadb", true, false},  Entry{DbType::sqlite, "sqlite", true, false},
    Entry{DbType::mssql, "mssql", false, false},     Entry{DbType::mongodb, "mongodb", false, false},
    Entry{DbType::supabase, "supabase", true, true}, Entry{DbType::snowflake, "snowflake", false, false},
};

constexpr auto types = [] {
  std::array<DbType, entries.size()> list{};
  for (std::size_t i = 0; i < entries.size(); ++i) list[i] = entries[i].type;
  return list;
}();

const Entry& entry(DbType type) {
  return entries[static_cast<std::size_t>(type)];
}

}  // namespace

std::string_view name_of(DbType type) {
  return entry(type).name;
}

std::optional<DbType> db_type_named(std::string_view name) {
  for (const auto& e : entries)
    if (e.name == name) return e.type;
  return std::nullopt;
}

std::span<const DbType> all_db_types() {
  return types;
}

bool reachable(DbType type) {
  return entry(type).reachable;
}

bool tells_transactions(DbType type) {
  return entry(type).tells_transactions;
}

}  // namespace vhookd
