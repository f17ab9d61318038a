#include "connectors/postgres/change_sql.h"

#include <span>

#include "connectors/postgres/dialect.h"
#include "connectors/sql/selection_sql.h"
#include "connectors/sql/statement.h"

namespace vhookd::postgres {

namespace {

bool has_parts(const Table& table) {
  return table.relation == Relation::partitioned_table || table.has_heirs;
}

std::string low_32(std::uint64_t xid) {
  return std::to_string(static_cast<std::uint32_t>(xid));
}

Param text_param(std::string text) {
  return {.kind = Kind::text, .null = false, .text = std::move(text)};
}

std::string from_of(const Selection& of) {
  return quote_table(postgres_dialect(), *of.table);
}

// `of_leaves`, `of_heirs`: what is asked of the pg_class line c, and of the oid it counts by. The table's name is to be
// bound to the one mark.
std::string from_parts(const Table& table, const std::string& of_leaves, const std::string& of_heirs) {
  if (!table.has_heirs)
    return "(SELECT " + of_leaves +
           " FROM pg_partition_tree(?::regclass) p JOIN pg_class c ON c.oid = p.relid WHERE p.isleaf)";
  return "(WITH RECURSIVE h(part, relid) AS (SELECT 0::oid, ?::regclass::oid UNION "
         "SELECT i.inhrelid, i.inhrelid FROM h JOIN pg_inherits i ON i.inhparent = h.relid) SELECT " +
         of_heirs + " FROM h JOIN pg_class c ON c.oid = h.relid)";
}

// The list of parts.
std::string parts_sql(const Table& table) {
  const auto listed = [](const std::string& oid) {
    return "string_agg(" + oid + "::text || ':' || coalesce(pg_relation_filenode(c.oid), 0), ',' ORDER BY c.oid)";
  };
  return from_parts(table, listed("c.oid"), listed("h.part"));
}

// Whether every file is still the one the view's catalogue has.
std::string same_files_sql(const Table& table) {
  const std::string same = "coalesce(bool_and(c.relfilenode = pg_relation_filenode(c.oid)), true)::text";
  return from_parts(table, same, same);
}

// Whether the file of the table whose line in pg_class `is` still is the one the view has. REQUIRES: the statement
// reads the table, so that none can take its place while it runs.
std::string same_file_sql(const std::string& is) {
  return "(SELECT c.relfilenode = pg_relation_filenode(c.oid) FROM pg_class c WHERE c." + is + ")";
}

// The clock is read before the xid: whoever has that one or a later one got it after that time. age() counts from the
// xid to be given out next. Not clock_timestamp(), by which no index is searched.
void add_clock(Sql& sql, const ChangePosition& asked) {
  sql.text(
      ", statement_timestamp()::text AS vhookd_now, "
      "age(pg_snapshot_xmax(pg_current_snapshot())::xid)::text AS vhookd_ahead");
  if (!asked.newest) return;
  const auto column = quote_name(postgres_dialect(), asked.of->stamp);
  const std::string utc = "(statement_timestamp() AT TIME ZONE 'UTC')";
  const std::string behind = utc + " - interval '12 hours'";
  sql.text(", coalesce((SELECT max(").text(column).text(") FROM ").text(from_of(*asked.of)).text(" WHERE ");
  sql.text(column).text(" BETWEEN ").text(behind).text(" AND ").text(utc).text("), ").text(behind);
  sql.text(")::text AS vhookd_newest");
}

// A scan in the making.
class ChangeScanSql {
 public:
  explicit ChangeScanSql(const ChangeScan& asked) : asked_(asked), of_(*asked.of), parted_(has_parts(*of_.table)) {}

  Query take() {
    const auto extra = extras();
    std::vector<Param> values;
    if (asked_.row_count) values.push_back(own(std::to_string(notes_of(*of_.table).oid)));
    Sql sql = asked_.match_column ? select_with_match(postgres_dialect(), of_, extra, values)
                                  : select_from(postgres_dialect(), of_, extra);
    sql.text(" WHERE TRUE");
    if (asked_.stamped_from) add_stamped(sql, " AND ", *asked_.stamped_from);
    if (asked_.newer) add_newer(sql, *asked_.newer);
    if (!asked_.match_column) add_filters(sql, postgres_dialect(), of_, " AND ");
    if (!asked_.after.empty()) {
      sql.text(" AND ");
      sql.after(order(), asked_.after);
    }
    sql.text(" ORDER BY ").list(order(), ", ");
    Query query = sql.take();
    if (query.params.size() == own_) query.hints |= own_values;
    return query;
  }

 private:
  // Of xids and oids: digits, commas and braces.
  Param own(std::string digits) {
    ++own_;
    return text_param(std::move(digits));
  }

  std::vector<std::string> extras() const {
    std::vector<std::string> extra;
    const auto add = [&](const std::string& sql, const char* name) {
      extra.push_back(sql + " AS " + free_name(of_, name));
    };
    add("xmin::text", "vhookd_xmin");
    if (asked_.locations) add("ctid::text", "vhookd_ctid");
    if (asked_.locations && parted_) add("tableoid::text", "vhookd_part");
    if (asked_.row_count) {
      const auto rows = asked_.stamped_from ? "'0'" : "(SELECT count(*) FROM " + from_of(of_) + ")::text";
      add("CASE WHEN " + same_file_sql("oid = ?::oid") + " THEN " + rows + " END", "vhookd_rows");
    }
    return extra;
  }

  std::vector<std::string> order() const {
    if (!asked_.locations) return key_names(postgres_dialect(), of_);
    return parted_ ? std::vector<std::string>{"tableoid", "ctid"} : std::vector<std::string>{"ctid"};
  }

  void add_stamped(Sql& sql, const std::string& lead, const Param& from) const {
    sql.bound(lead + quote_name(postgres_dialect(), of_.stamp) + " >= ?", std::span(&from, 1));
  }

  void add_newer(Sql& sql, const ChangeScan::Newer& newer) {
    const bool in_brackets = newer.parts || asked_.or_stamped_from;
    sql.text(in_brackets ? " AND (" : " AND ");
    if (asked_.or_stamped_from) {
      add_stamped(sql, "", *asked_.or_stamped_from);
      sql.text(" OR ");
    }
    // age() compares xids as PostgreSQL does, wraparound included; rows of permanent xids are infinitely old. A
    // frozen row keeps its xmin for good: more than 2^31 transactions later it looks younger than now.
    const Param horizon = own(low_32(newer.horizon));
    sql.bound("age(xmin) BETWEEN 0 AND age(?::xid)", std::span(&horizon, 1));
    if (!newer.except.empty()) {
      std::string list = "{";
      for (const auto xid : newer.except) list += (list.size() > 1 ? "," : "") + low_32(xid);
      const Param param = own(list + "}");
      sql.bound(" AND xmin::text <> ALL(?::text[])", std::span(&param, 1));
    }
    if (newer.parts && !newer.parts->empty()) {
      std::string list;
      for (const auto oid : *newer.parts) list += (list.empty() ? "{" : ",") + std::to_string(oid);
      const Param param = own(list + "}");
      sql.bound(" OR tableoid = ANY(?::oid[])", std::span(&param, 1));
    }
    if (in_brackets) sql.text(")");
  }

  const ChangeScan& asked_;
  const Selection& of_;
  bool parted_;
  std::size_t own_ = 0;  // so many of the values were made here
};

}  // namespace

const Notes& notes_of(const Table& table) {
  static const Notes none;
  const auto* notes = dynamic_cast<const Notes*>(table.notes.get());
  return notes == nullptr ? none : *notes;
}

Query position_query(const ChangePosition& asked) {
  Sql sql(postgres_dialect(), nullptr);
  sql.text("SELECT pg_current_snapshot()::text AS snapshot, CASE WHEN pg_is_in_recovery() THEN NULL ELSE ")
      .text(server_run_sql)
      .text(" END AS server");
  const Param table = text_param(from_of(*asked.of));
  if (asked.files && has_parts(*asked.of->table)) {
    sql.bound(", " + parts_sql(*asked.of->table) + " AS parts", std::span(&table, 1));
  } else if (asked.files) {
    sql.bound(", pg_relation_filenode(?::regclass)::text AS place", std::span(&table, 1));
  }
  if (asked.clock) add_clock(sql, asked);
  Query query = sql.take();
  query.hints = few;
  if (query.params.empty() && !asked.clock) query.hints |= often;
  return query;
}

Query scan_query(const ChangeScan& asked) {
  return ChangeScanSql(asked).take();
}

// By the time this is asked the table is locked against a rewrite: an ALTER TABLE that rewrote it since the view began
// made it look empty to the view.
Query check_query(const TableCheck& asked) {
  Sql sql(postgres_dialect(), asked.count ? asked.of->table : nullptr);
  const Param table = text_param(from_of(*asked.of));
  sql.text(asked.count ? "SELECT count(*)::text AS vhookd_rows, " : "SELECT NULL AS vhookd_rows, ");
  if (has_parts(*asked.of->table)) {
    sql.bound(same_files_sql(*asked.of->table) + " AS vhookd_same", std::span(&table, 1));
  } else {
    sql.bound(same_file_sql("oid = ?::regclass") + "::text AS vhookd_same", std::span(&table, 1));
  }
  if (asked.clock) sql.text(", clock_timestamp()::text AS vhookd_now");
  if (asked.count) sql.text(" FROM ").text(from_of(*asked.of));
  Query query = sql.take();
  query.hints = few;
  return query;
}

}  // namespace vhookd::postgres
