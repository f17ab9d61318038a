// The questions of a poll by xid: where the database stands, the rows, how many there are.
#include "scheduler/detect/stamp.h"
#include "scheduler/detect/xid/parts.h"
#include "scheduler/detect/xid/server_run.h"
#include "scheduler/detect/xid/xid_poll.h"

namespace vhookd {

namespace {

// Up to so many it costs less to be told with each row how many there are than to ask once more.
constexpr std::int64_t most_counted_along = 10'000;

std::string low_32(std::uint64_t xid) {
  return std::to_string(static_cast<std::uint32_t>(xid));
}

Param text_param(std::string text) {
  return {.kind = Kind::text, .null = false, .text = std::move(text)};
}

// Of xids and oids.
Param number_param(std::string text) {
  return {.kind = Kind::text, .null = false, .text = std::move(text), .own = true};
}

// Whether the file of the table whose line in pg_class `is` still is the one the view has. REQUIRES: the statement
// reads the table, so that none can take its place while it runs.
std::string same_file_sql(const std::string& is) {
  return "(SELECT c.relfilenode = pg_relation_filenode(c.oid) FROM pg_class c WHERE c." + is + ")";
}

}  // namespace

Query XidPoll::position() const {
  Sql sql(plan_->dialect, nullptr);
  sql.text("SELECT pg_current_snapshot()::text AS snapshot, CASE WHEN pg_is_in_recovery() THEN NULL ELSE ")
      .text(server_run_sql)
      .text(" END AS server");
  const Param table = text_param(plan_->from);
  if (parted_) {
    sql.bound(", " + parts_sql(*plan_->table) + " AS parts", std::span(&table, 1));
  } else if (by_place_) {
    sql.bound(", pg_relation_filenode(?::regclass)::text AS place", std::span(&table, 1));
  }
  if (narrowing_) narrowing_->ask_position(sql);
  Query query = sql.take();
  query.few = true;
  query.often = query.params.empty() && !narrowing_;
  return query;
}

std::vector<std::string> XidPoll::extras() const {
  std::vector<std::string> extra;
  const auto add = [&](const std::string& sql, const char* name) {
    extra.push_back(sql + " AS " + free_name(*plan_, name));
  };
  add("xmin::text", "vhookd_xmin");
  if (by_place_) add("ctid::text", "vhookd_ctid");
  if (by_place_ && parted_) add("tableoid::text", "vhookd_part");
  if (counts_along()) {
    const auto rows = sweep_->since ? "'0'" : "(SELECT count(*) FROM " + plan_->from + ")::text";
    add("CASE WHEN " + same_file_sql("oid = ?::oid") + " THEN " + rows + " END", "vhookd_rows");
  }
  return extra;
}

// Whether the rows of the scan tell what count() questions. Not where that means to count while a large table is sent
// for the first time, and not where the end of the scan is to be timed.
bool XidPoll::counts_along() const {
  if (!plan_->remembers || parted_ || plan_->table->number == 0) return false;
  if (sweep_->since) return true;
  const auto rows = plan_->table->estimated_rows;
  return !narrowing_ && (!starts_with_everything() || (rows >= 0 && rows <= most_counted_along));
}

std::vector<std::string> XidPoll::order() const {
  if (!by_place_) return key_names(*plan_);
  return parted_ ? std::vector<std::string>{"tableoid", "ctid"} : std::vector<std::string>{"ctid"};
}

// " OR the row is of a partition that was not there"
void XidPoll::add_new_parts(Sql& sql) const {
  std::string list;
  for (const auto oid : now_)
    if (!parts_.contains(oid)) list += (list.empty() ? "{" : ",") + std::to_string(oid);
  if (list.empty()) return;
  const Param param = number_param(list + "}");
  sql.bound(" OR tableoid = ANY(?::oid[])", std::span(&param, 1));
}

void XidPoll::add_newer_than(Sql& sql, std::uint64_t horizon) const {
  // age() compares xids as PostgreSQL does, wraparound included; rows of permanent xids are infinitely old. A
  // frozen row keeps its xmin for good: more than 2^31 transactions later it looks younger than now.
  const Param param = number_param(low_32(horizon));
  sql.bound("age(xmin) BETWEEN 0 AND age(?::xid)", std::span(&param, 1));
}

Query XidPoll::scan() const {
  const auto extra = extras();
  const Param table = number_param(std::to_string(plan_->table->number));
  const std::span<const Param> values(&table, counts_along() ? 1 : 0);
  Sql sql = plan_->remembers ? select_with_match(*plan_, extra, values) : select_from(*plan_, extra);
  sql.text(" WHERE TRUE");
  if (!starts_with_everything()) {
    const auto& behind = sweep_->since ? narrowing_->position() : position_;
    if (sweep_->since)
      sql.bound(" AND " + quote_name(plan_->dialect, plan_->stamp) + " >= ?", std::span(&*sweep_->since, 1));
    sql.text(parted_ ? " AND (" : " AND ");
    add_newer_than(sql, behind.horizon);
    if (!behind.delivered.empty()) {
      std::string list = "{";
      for (const auto xid : behind.delivered) list += (list.size() > 1 ? "," : "") + low_32(xid);
      const Param param = number_param(list + "}");
      sql.bound(" AND xmin::text <> ALL(?::text[])", std::span(&param, 1));
    }
    if (parted_) add_new_parts(sql);
    if (parted_) sql.text(")");
  } else if (first_ && !plan_->remembers && plan_->webhook->checked_at) {
    const Kind kind = plan_->table->find(plan_->stamp)->kind;
    if (kind == Kind::timestamp || kind == Kind::timestamptz) {  // the unit of a number shows only in its values
      const Param start =
          write_stamp(*plan_->webhook->checked_at, kind == Kind::timestamptz ? StampForm::sql_utc : StampForm::sql);
      sql.bound(" AND (" + quote_name(plan_->dialect, plan_->stamp) + " >= ? OR ", std::span(&start, 1));
      add_newer_than(sql, sweep_->horizon);
      sql.text(")");
    }
  } else if (first_ && !plan_->remembers && !plan_->webhook->include_all) {
    sql.text(" AND ");  // nothing is sent; only the xids above the horizon need to be known
    add_newer_than(sql, sweep_->horizon);
  }
  if (!plan_->remembers) add_filters(sql, *plan_, " AND ");
  if (!sweep_->after.empty()) {
    sql.text(" AND ");
    sql.after(order(), sweep_->after);
  }
  sql.text(" ORDER BY ").list(order(), ", ");
  return sql.take();
}

// How many rows there are (a narrow poll does not look), and whether the table still is the one the view shows: where
// an ALTER TABLE has rewritten it since, the view finds it empty. By now it is locked against that.
Query XidPoll::count() const {
  Sql sql(plan_->dialect, sweep_->since ? nullptr : plan_->table);
  const Param table = text_param(plan_->from);
  sql.text(sweep_->since ? "SELECT NULL AS vhookd_rows, " : "SELECT count(*)::text AS vhookd_rows, ");
  if (parted_) {
    sql.bound(same_files_sql(*plan_->table) + " AS vhookd_same", std::span(&table, 1));
  } else {
    sql.bound(same_file_sql("oid = ?::regclass") + "::text AS vhookd_same", std::span(&table, 1));
  }
  if (narrowing_) sql.text(", clock_timestamp()::text AS vhookd_now");
  if (!sweep_->since) sql.text(" FROM ").text(plan_->from);
  Query query = sql.take();
  query.few = true;
  return query;
}

}  // namespace vhookd
