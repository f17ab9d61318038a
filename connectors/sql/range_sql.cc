#include "connectors/sql/range_sql.h"

#include <algorithm>
#include <span>
#include <vector>

#include "connectors/sql/selection_sql.h"
#include "core/key.h"

namespace vhookd {

namespace {

// PostgreSQL and SQLite take at most 100 and 127 arguments.
constexpr std::size_t arguments_at_once = 90;

// What a row's hash is over, but for the filters' match.
std::vector<std::string> contributions(const Dialect& dialect, const Selection& of) {
  std::vector<std::string> items;
  for (std::size_t i = 0; i < of.columns.size(); ++i) {
    const bool is_key = std::ranges::find(of.key, i, &KeyColumn::position) != of.key.end();
    if (of.keys_alone && !is_key) continue;
    const Column* column = of.table->find(of.columns[i]);
    auto value = value_sql(dialect, of, of.columns[i]);
    items.push_back(column == nullptr ? std::move(value) : dialect.hash_input(*column, value));
  }
  return items;
}

// How the key's columns are compared with bound values.
class Comparison {
 public:
  Comparison(const Dialect& dialect, const Selection& of) : orders_(key_orders(dialect, of)) {
    for (const auto& key : of.key) {
      const Column* column = of.table->find(key.name);
      marks_.push_back(column == nullptr ? "?" : dialect.key_mark(*column));
    }
  }

  void before(Sql& sql, const std::string& key) const { sql.keyset(orders_, "<", "<", read_key(key), marks_); }
  void from(Sql& sql, const std::string& key) const { sql.keyset(orders_, ">", ">=", read_key(key), marks_); }

  // "1 = 1" where both ends are open.
  void within(Sql& sql, const KeyRange& range) const {
    sql.text("(");
    if (!range.first.empty()) from(sql, range.first);
    if (!range.first.empty() && !range.end.empty()) sql.text(") AND (");
    if (!range.end.empty()) before(sql, range.end);
    sql.text(range.first.empty() && range.end.empty() ? "1 = 1)" : ")");
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
void add_where(Sql& sql, const Dialect& dialect, const Selection& of) {
  const auto gone = of.keys_alone ? gone_sql(dialect, of) : std::string();
  sql.text(" WHERE ");
  if (!gone.empty()) sql.text("NOT (").text(gone).text(") AND ");
}

void add_range_hash(Sql& sql, const Dialect& dialect, const Selection& of) {
  dialect.add_range_hash(sql, of);
  sql.text(" AS vhookd_fingerprint");
}

Query range_by_range(const Dialect& dialect, const RangeHashes& asked) {
  Sql sql(dialect, asked.of->table);
  const Comparison compare(dialect, *asked.of);
  for (std::size_t i = 0; i < asked.starts.size(); ++i) {
    sql.text(i == 0 ? "SELECT " : " UNION ALL SELECT ").text(std::to_string(i)).text(" AS vhookd_range, ");
    sql.text("count(*) AS vhookd_rows, ");
    add_range_hash(sql, dialect, *asked.of);
    dialect.add_hashed_from(sql, *asked.of);
    add_where(sql, dialect, *asked.of);
    compare.within(sql, {asked.starts[i], i + 1 < asked.starts.size() ? asked.starts[i + 1] : asked.end});
  }
  return sql.take();
}

// "… WHERE the row is of one of the ranges". One search serves where no index picks them out.
void add_ranges(Sql& sql, const Comparison& compare, std::span<const KeyRange> ranges, bool indexed) {
  if (indexed || ranges.size() == 1) {
    sql.text("(");
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      sql.text(i == 0 ? "(" : " OR (");
      compare.within(sql, ranges[i]);
      sql.text(")");
    }
    sql.text(")");
    return;
  }
  std::vector<std::string> bounds;
  std::vector<std::string> leaves;
  for (const auto& range : ranges) {
    if (!range.first.empty()) {
      bounds.push_back(range.first);
      leaves.emplace_back("0");
    }
    leaves.emplace_back("1");
    if (!range.end.empty()) bounds.push_back(range.end);
  }
  if (leaves.size() == bounds.size()) leaves.emplace_back("0");
  compare.add_leaf(sql, bounds, leaves);
  sql.text(" = 1");
}

}  // namespace

bool is_plain(const Column& column) {
  return column.kind == Kind::integer || column.kind == Kind::decimal || column.kind == Kind::boolean ||
         column.kind == Kind::timestamp || column.kind == Kind::timestamptz || column.declared == "uuid";
}

void add_hash_call(Sql& sql, const Dialect& dialect, const Selection& of, const std::string& call,
                   const std::string& inner, bool separated) {
  const auto items = contributions(dialect, of);
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
  if (!of.filters.empty()) {
    sql.text(", ");
    add_match(sql, dialect, of);
  }
  sql.text(")");
}

Query range_hashes_query(const Dialect& dialect, const RangeHashes& asked) {
  if (dialect.range_by_range()) return range_by_range(dialect, asked);
  Sql sql(dialect, asked.of->table);
  const Comparison compare(dialect, *asked.of);
  std::vector<std::string> leaves;
  for (std::size_t i = 0; i < asked.starts.size(); ++i) leaves.push_back(std::to_string(i));
  sql.text("SELECT ");
  compare.add_leaf(sql, std::span(asked.starts).subspan(1), leaves);
  sql.text(" AS vhookd_range, count(*) AS vhookd_rows, ");
  add_range_hash(sql, dialect, *asked.of);
  dialect.add_hashed_from(sql, *asked.of);
  add_where(sql, dialect, *asked.of);
  compare.within(sql, {asked.starts.front(), asked.end});
  sql.text(" GROUP BY 1");
  return sql.take();
}

Query range_rows_query(const Dialect& dialect, const RangeRows& asked) {
  const Selection& of = *asked.of;
  const Comparison compare(dialect, of);
  std::vector<std::string> columns;
  for (const auto& name : of.columns) columns.push_back(selected_sql(dialect, of, name));
  Sql sql(dialect, of.table);
  sql.text("SELECT ").list(columns, ", ").text(", ");
  add_match(sql, dialect, of);
  sql.text(" AS vhookd_matched, ");
  dialect.add_row_hash(sql, of);
  sql.text(" AS vhookd_hash");
  dialect.add_hashed_from(sql, of);
  add_where(sql, dialect, of);
  add_ranges(sql, compare, asked.ranges, key_is_indexed(dialect, of));
  sql.text(" ORDER BY ").list(key_orders(dialect, of), ", ");
  return sql.take();
}

}  // namespace vhookd
