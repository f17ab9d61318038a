// The parts of a PostgreSQL table that has its rows in several: the leaves of a partitioned one, or the tables that
// inherit from a plain one. Pure.
//
// Each stands as "oid:file" in a list. The plain table's own rows are always there; it stands with 0 for its oid, so
// that its file counts too.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "core/table.h"

namespace vhookd {

bool has_parts(const Table& table);

// Expressions with the table's name to be bound to their one mark. The list, and whether every file is still the one
// the view's catalogue has.
std::string parts_sql(const Table& table);
std::string same_files_sql(const Table& table);

std::set<std::uint64_t> oids_of_parts(std::string_view list);

}  // namespace vhookd
