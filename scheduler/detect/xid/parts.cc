#include "scheduler/detect/xid/parts.h"

#include <algorithm>
#include <charconv>

namespace vhookd {

namespace {

// `of_leaves`, `of_heirs`: what is asked of the pg_class line c, and of the oid it counts by.
std::string from_parts(const Table& table, const std::string& of_leaves, const std::string& of_heirs) {
  if (!table.has_heirs)
    return "(SELECT " + of_leaves +
           " FROM pg_partition_tree(?::regclass) p JOIN pg_class c ON c.oid = p.relid WHERE p.isleaf)";
  return "(WITH RECURSIVE h(part, relid) AS (SELECT 0::oid, ?::regclass::oid UNION "
         "SELECT i.inhrelid, i.inhrelid FROM h JOIN pg_inherits i ON i.inhparent = h.relid) SELECT " +
         of_heirs + " FROM h JOIN pg_class c ON c.oid = h.relid)";
}

}  // namespace

bool has_parts(const Table& table) {
  return table.relation == Relation::partitioned_table || table.has_heirs;
}

std::string parts_sql(const Table& table) {
  const auto listed = [](const std::string& oid) {
    return "string_agg(" + oid + "::text || ':' || coalesce(pg_relation_filenode(c.oid), 0), ',' ORDER BY c.oid)";
  };
  return from_parts(table, listed("c.oid"), listed("h.part"));
}

std::string same_files_sql(const Table& table) {
  const std::string same = "coalesce(bool_and(c.relfilenode = pg_relation_filenode(c.oid)), true)::text";
  return from_parts(table, same, same);
}

std::set<std::uint64_t> oids_of_parts(std::string_view list) {
  std::set<std::uint64_t> oids;
  while (!list.empty()) {
    const auto part = list.substr(0, list.find(','));
    std::uint64_t oid = 0;
    std::from_chars(part.data(), part.data() + part.size(), oid);
    oids.insert(oid);
    list.remove_prefix(std::min(list.size(), part.size() + 1));
  }
  return oids;
}

}  // namespace vhookd
