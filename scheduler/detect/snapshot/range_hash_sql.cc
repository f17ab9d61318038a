#include "scheduler/detect/snapshot/range_hash_sql.h"

#include <algorithm>
#include <array>
#include <vector>

#include "scheduler/detect/key.h"
#include "scheduler/detect/question.h"
#include "scheduler/detect/sql.h"

namespace vhookd {

namespace {

// Small ranges spare reading where changes lie scattered, large ones spare bounds: a range costs about 200 bytes
// of memory in a poll, and as many in its questions.
constexpr std::int64_t least_range_rows = 1000;
constexpr std::int64_t ranges_aimed_at = 20'000;

// PostgreSQL and SQLite take at most 100 and 127 arguments.
constexpr std::size_t arguments_at_once = 90;

// Text that is made of digits and signs alone: no comma, no quote, never empty.
bool is_plain(const Column& column) {
  return column.kind == Kind::integer || column.kind == Kind::decimal || column.kind == Kind::boolean ||
         column.kind == Kind::timestamp || column.kind == Kind::timestamptz || column.declared == "uuid";
}

// One column's contribution to the text of a row: tells NULL from everything else, and where it ends.
std::string unmistakable(Dialect dialect, const Column& column, const std::string& value) {
  switch (dialect) {
    case Dialect::postgres:
      if (!is_plain(column)) return "pg_catalog.quote_nullable((" + value + ")::text)";
      return column.nullable ? "COALESCE((" + value + ")::text, '~')" : value;
    case Dialect::mysql:
      // Not the bytes themselves: MySQL 8 takes them for utf8mb4 beside other text.
      if (column.kind == Kind::binary) return "IFNULL(HEX(" + value + "), '~')";
      if (!is_plain(column) && column.kind != Kind::real) return "QUOTE(CONVERT(" + value + " USING utf8mb4))";
      return column.nullable ? "IFNULL(" + value + ", '~')" : value;
    case Dialect::sqlite:
      break;
  }
  return value;
}

// What a row's hash is over, but for the filters' match.
std::vector<std::string> contributions(const Plan& plan) {
  std::vector<std::string> items;
  for (std::size_t i = 0; i < plan.values.size(); ++i) {
    const bool is_key = std::ranges::find(plan.key, i, &KeyColumn::position) != plan.key.end();
    if (plan.webhook->event == config::Event::deleted && !is_key) continue;
    const auto& columns = plan.table->columns;
    items.push_back(i < columns.size() ? unmistakable(plan.dialect, columns[i], plan.values[i]) : plan.values[i]);
  }
  return items;
}

void add_match(Sql& sql, const Plan& plan) {
  if (plan.filter.empty()) return;
  sql.text(", CASE WHEN 1 = 1");
  add_filters(sql, plan, " AND ");
  sql.text(" THEN 1 ELSE 0 END");
}

// `call` over all contributions, those of wide tables in several calls, which lie within one.
void add_call(Sql& sql, const Plan& plan, const std::string& call, const std::string& inner, bool separated) {
  const auto items = contributions(plan);
  const auto open = [&](const std::string& name) { sql.text(name).text(separated ? "(','" : "("); };
  const char* comma = separated ? ", " : "";
  open(call);
  if (items.size() <= arguments_at_once) {
    sql.text(comma).list(items, ", ");
  } else {
    for (std::size_t i = 0; i < items.size(); i += arguments_at_once) {
      sql.text(comma);
      open(inner);
      sql.text(separated ? ", " : "");
      sql.list(std::span(items).subspan(i, std::min(arguments_at_once, items.size() - i)), ", ").text(")");
      comma = ", ";
    }
  }
  add_match(sql, plan);
  sql.text(")");
}

std::string row_text(const Plan& plan) {
  return free_name(plan, "vhookd_row");
}

// PostgreSQL would work the text out once for each seed; OFFSET 0 keeps it where it stands.
void add_from(Sql& sql, const Plan& plan) {
  sql.text(" FROM ").text(plan.from);
  if (plan.dialect != Dialect::postgres) return;
  sql.text(" CROSS JOIN LATERAL (SELECT ");
  add_call(sql, plan, "pg_catalog.concat_ws", "pg_catalog.concat_ws", true);
  sql.text(" AS ").text(row_text(plan)).text(" OFFSET 0) AS ").text(free_name(plan, "vhookd"));
}

std::string first_hash(const Plan& plan) {
  return "pg_catalog.hashtextextended(" + row_text(plan) + R"( COLLATE "C", 1))";
}
std::string second_hash(const Plan& plan) {
  return "pg_catalog.hashtextextended(" + row_text(plan) + R"( COLLATE "C", 2))";
}

void add_sha(Sql& sql, const Plan& plan) {
  sql.text("SHA2(");
  add_call(sql, plan, "CONCAT_WS", "CONCAT_WS", true);
  sql.text(", 256)");
}

void add_fingerprint(Sql& sql, const Plan& plan) {
  switch (plan.dialect) {
    case Dialect::postgres:
      sql.text("pg_catalog.sum(")
          .text(first_hash(plan))
          .text(")::text || ',' || pg_catalog.sum(")
          .text(second_hash(plan));
      sql.text(")::text");
      break;
    case Dialect::mysql:
      sql.text("CONCAT(SUM(CAST(CONV(SUBSTRING(");
      add_sha(sql, plan);
      sql.text(", 1, 16), 16, 10) AS UNSIGNED)), ',', SUM(CAST(CONV(SUBSTRING(");
      add_sha(sql, plan);
      sql.text(", 17, 16), 16, 10) AS UNSIGNED)))");
      break;
    case Dialect::sqlite:
      add_call(sql, plan, "vhookd_fingerprint", "vhookd_hash", false);
      break;
  }
  sql.text(" AS vhookd_fingerprint");
}

void add_hash(Sql& sql, const Plan& plan) {
  switch (plan.dialect) {
    case Dialect::postgres:
      sql.text(first_hash(plan)).text("::text || ',' || ").text(second_hash(plan)).text("::text");
      break;
    case Dialect::mysql:
      add_sha(sql, plan);
      break;
    case Dialect::sqlite:
      add_call(sql, plan, "vhookd_hash", "vhookd_hash", false);
      break;
  }
  sql.text(" AS vhookd_hash");
}

// How the key's columns are compared with bound values.
class KeyOrder {
 public:
  explicit KeyOrder(const Plan& plan) : orders_(key_orders(plan)) {
    for (const auto& key : plan.key)
      marks_.emplace_back(plan.dialect == Dialect::mysql && key.order != key.sql ? "CAST(? AS BINARY)" : "?");
  }

  void before(Sql& sql, const std::string& key) const { sql.keyset(orders_, "<", "<", read_key(key), marks_); }
  void from(Sql& sql, const std::string& key) const { sql.keyset(orders_, ">", ">=", read_key(key), marks_); }

  // "1 = 1" where both ends are open.
  void within(Sql& sql, const Stretch& stretch) const {
    sql.text("(");
    if (!stretch.first.empty()) from(sql, stretch.first);
    if (!stretch.first.empty() && !stretch.end.empty()) sql.text(") AND (");
    if (!stretch.end.empty()) before(sql, stretch.end);
    sql.text(stretch.first.empty() && stretch.end.empty() ? "1 = 1)" : ")");
  }

  // Which of the leaves a row belongs to: leaf i stands before bound i, the last one after all. A search, so that
  // a row costs ten comparisons among a thousand ranges.
  void add_leaf(Sql& sql, std::span<const std::string> bounds, std::span<const std::string> leaves) const {
    if (bounds.empty()) {
      sql.text(leaves[0]);
      return;
    }
    const auto middle = bounds.size() / 2;
    sql.text("CASE WHEN ");
    before(sql, bounds[middle]);
    sql.text(" THEN ");
    add_leaf(sql, bounds.first(middle), leaves.first(middle + 1));
    sql.text(" ELSE ");
    add_leaf(sql, bounds.subspan(middle + 1), leaves.subspan(middle + 1));
    sql.text(" END");
  }

 private:
  std::vector<std::string> orders_;
  std::vector<std::string> marks_;
};

// Leads the WHERE of every question: rows softly deleted are not there.
void add_where(Sql& sql, const Plan& plan) {
  const bool soft = plan.webhook->event == config::Event::deleted && !plan.gone.empty();
  sql.text(" WHERE ");
  if (soft) sql.text("NOT (").text(plan.gone).text(") AND ");
}

std::string end_of(std::span<const KnownRange> ranges, std::size_t i, const std::string& end) {
  return i + 1 < ranges.size() ? ranges[i + 1].first : end;
}

// One walk over the index for each range: SQLite would sort all rows to group them.
Query range_by_range(const Plan& plan, std::span<const KnownRange> ranges, const std::string& end) {
  Sql sql(plan.dialect, plan.table);
  const KeyOrder order(plan);
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    sql.text(i == 0 ? "SELECT " : " UNION ALL SELECT ").text(std::to_string(i)).text(" AS vhookd_range, ");
    sql.text("count(*) AS vhookd_rows, ");
    add_fingerprint(sql, plan);
    add_from(sql, plan);
    add_where(sql, plan);
    order.within(sql, {ranges[i].first, end_of(ranges, i, end)});
  }
  return sql.take();
}

// Whose ::text is the text that the server sends: not a boolean's (true for t), a character(5)'s (no padding), an
// inet's (a mask), nor that of a domain over these.
bool is_itself_as_text(const Column& column) {
  constexpr std::array names = {"text", "uuid", "date", "name"};
  return column.kind == Kind::integer || column.kind == Kind::decimal || column.kind == Kind::timestamp ||
         column.kind == Kind::timestamptz || column.kind == Kind::hex ||
         column.declared.starts_with("character varying") || std::ranges::find(names, column.declared) != names.end();
}

// The order the server has for it may not be that of vhookd.
bool is_odd(const Plan& plan, const Column& column) {
  switch (plan.dialect) {
    case Dialect::postgres:
      return !is_itself_as_text(column);
    case Dialect::mysql:
      return !column.select_as.empty() || column.declared.find("zerofill") != std::string::npos;
    case Dialect::sqlite:
      break;
  }
  return column.kind != Kind::integer;
}

}  // namespace

bool key_is_indexed(const Plan& plan) {
  std::vector<std::string> columns;
  for (const auto& key : plan.key) {
    if (key.order != key.sql) return false;
    columns.push_back(key.name);
  }
  if (plan.table->find(columns.front()) == nullptr) return true;  // SQLite's rowid
  return std::ranges::any_of(plan.table->indexes, [&](const Index& index) {
    return index.columns.size() >= columns.size() &&
           std::ranges::equal(columns, std::span(index.columns).first(columns.size()));
  });
}

std::int64_t range_rows(const Plan& plan) {
  return plan.range_rows.value_or(std::max(least_range_rows, plan.table->estimated_rows / ranges_aimed_at));
}

std::string why_no_fingerprints(const Plan& plan) {
  if (plan.table->relation == Relation::view) return "a view is worked out anew for every question";
  if (plan.table->relation == Relation::foreign_table) return "a foreign table is fetched anew for every question";
  for (const auto& key : plan.key) {
    const Column* column = plan.table->find(key.name);
    if (column == nullptr) continue;  // SQLite's rowid
    if (column->nullable) return "the key column " + key.name + " may be NULL";
    if (is_odd(plan, *column))
      return "the key column " + key.name + " is " + column->declared +
             ", which has no order that the database and vhookd are sure to share";
  }
  if (plan.dialect == Dialect::sqlite && !key_is_indexed(plan)) return "no index gives the order of the key";
  return {};
}

// A statement is one scan where the key has no index; where it has one, many small ones spare the database a long
// statement, and an error costs less.
std::size_t ranges_at_once(const Plan& plan) {
  if (plan.dialect == Dialect::sqlite) return 100;
  return (key_is_indexed(plan) ? 1000 : 4000) / plan.key.size();
}

std::size_t stretches_at_once(const Plan& plan) {
  return key_is_indexed(plan) ? 16 : 1000 / plan.key.size();
}

Query ask_fingerprints(const Plan& plan, std::span<const KnownRange> ranges, const std::string& end) {
  if (plan.dialect == Dialect::sqlite) return range_by_range(plan, ranges, end);
  Sql sql(plan.dialect, plan.table);
  const KeyOrder order(plan);
  std::vector<std::string> bounds;
  std::vector<std::string> leaves;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    if (i > 0) bounds.push_back(ranges[i].first);
    leaves.push_back(std::to_string(i));
  }
  sql.text("SELECT ");
  order.add_leaf(sql, bounds, leaves);
  sql.text(" AS vhookd_range, count(*) AS vhookd_rows, ");
  add_fingerprint(sql, plan);
  add_from(sql, plan);
  add_where(sql, plan);
  order.within(sql, {ranges.front().first, end});
  sql.text(" GROUP BY 1");
  return sql.take();
}

Query ask_stretches(const Plan& plan, std::span<const Stretch> stretches) {
  Sql sql(plan.dialect, plan.table);
  const KeyOrder order(plan);
  sql.text("SELECT ").list(plan.selected, ", ").text(", CASE WHEN 1 = 1");
  add_filters(sql, plan, " AND ");
  sql.text(" THEN 1 ELSE 0 END AS vhookd_matched, ");
  add_hash(sql, plan);
  add_from(sql, plan);
  add_where(sql, plan);
  if (key_is_indexed(plan) || stretches.size() == 1) {
    sql.text("(");
    for (std::size_t i = 0; i < stretches.size(); ++i) {
      sql.text(i == 0 ? "(" : " OR (");
      order.within(sql, stretches[i]);
      sql.text(")");
    }
    sql.text(")");
  } else {
    std::vector<std::string> bounds;
    std::vector<std::string> leaves;
    for (const auto& stretch : stretches) {
      if (!stretch.first.empty()) {
        bounds.push_back(stretch.first);
        leaves.emplace_back("0");
      }
      leaves.emplace_back("1");
      if (!stretch.end.empty()) bounds.push_back(stretch.end);
    }
    if (leaves.size() == bounds.size()) leaves.emplace_back("0");
    order.add_leaf(sql, bounds, leaves);
    sql.text(" = 1");
  }
  sql.text(" ORDER BY ").list(key_orders(plan), ", ");
  return sql.take();
}

}  // namespace vhookd
