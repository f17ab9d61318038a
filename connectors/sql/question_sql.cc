#include "connectors/sql/question_sql.h"

#include "connectors/sql/range_sql.h"
#include "connectors/sql/selection_sql.h"
#include "connectors/sql/statement.h"
#include "core/key.h"

namespace vhookd {

namespace {

class Maker {
 public:
  explicit Maker(const Dialect& dialect) : dialect_(dialect) {}

  Query operator()(const ClockPosition& asked) const {
    Sql sql(dialect_, asked.of->table);
    sql.text("SELECT ").text(dialect_.clock()).text(" AS vhookd_now");
    if (asked.newest) {
      const auto column = stamp(*asked.of);
      sql.text(", (SELECT max(").text(column).text(") FROM ").text(table(*asked.of)).text(") AS ").text(column);
    }
    return sql.take();
  }

  Query operator()(const NewestStamp& asked) const {
    Sql sql(dialect_, asked.of->table);
    const auto column = stamp(*asked.of);
    sql.text("SELECT max(").text(column).text(") AS ").text(column).text(" FROM ").text(table(*asked.of));
    sql.bound(" WHERE " + column + " <= ?", std::span(&asked.up_to, 1));
    return sql.take();
  }

  Query operator()(const OpenTransactionBound& /*asked*/) const { return dialect_.open_transaction_bound(); }
  Query operator()(const ChangePosition& asked) const { return dialect_.change_position(asked); }
  Query operator()(const ChangeScan& asked) const { return dialect_.change_scan(asked); }
  Query operator()(const TableCheck& asked) const { return dialect_.table_check(asked); }
  Query operator()(const RangeHashes& asked) const { return range_hashes_query(dialect_, asked); }
  Query operator()(const RangeRows& asked) const { return range_rows_query(dialect_, asked); }

  Query operator()(const Scan& asked) const {
    const Selection& of = *asked.of;
    Sql sql = asked.match_column ? select_with_match(dialect_, of, {}) : select_from(dialect_, of, {});
    const char* lead = " WHERE ";
    const bool conditions = asked.from || asked.stamps != Scan::Stamps::any || !asked.after.empty() ||
                            (!asked.match_column && !of.filters.empty());
    if (asked.order != Scan::Order::by_key_bytes || conditions) {
      sql.text(" WHERE 1 = 1");
      lead = " AND ";
    }
    const auto gone = asked.without_gone ? gone_sql(dialect_, of) : std::string();
    if (!gone.empty()) sql.text(lead).text("NOT (").text(gone).text(")");
    if (!asked.match_column) add_filters(sql, dialect_, of, " AND ");
    if (asked.from) dialect_.add_stamp_bound(sql, stamp(of), *asked.from);
    if (asked.stamps == Scan::Stamps::null) sql.text(" AND ").text(stamp(of)).text(" IS NULL");
    if (asked.stamps == Scan::Stamps::not_null) sql.text(" AND ").text(stamp(of)).text(" IS NOT NULL");
    const auto columns = order(asked);
    if (!asked.after.empty()) {
      sql.text(" AND ");
      sql.after(columns, asked.after);
    }
    if (!columns.empty()) sql.text(" ORDER BY ").list(columns, ", ");
    if (asked.limit > 0) sql.text(dialect_.limit(asked.limit));
    return sql.take();
  }

  Query operator()(const Keys& asked) const {
    const Selection& of = *asked.of;
    Sql sql(dialect_, of.table);
    std::vector<std::string> columns;
    for (const auto& key : of.key) columns.push_back(selected_sql(dialect_, of, key.name));
    sql.text("SELECT ").list(columns, ", ").text(" FROM ").text(table(of));
    sql.text(" ORDER BY ").list(key_orders(dialect_, of), ", ");
    return sql.take();
  }

  Query operator()(const Lookup& asked) const {
    const Selection& of = *asked.of;
    const auto gone = gone_sql(dialect_, of);
    const auto is_gone = gone.empty() ? std::string("0") : "CASE WHEN " + gone + " THEN 1 ELSE 0 END";
    Sql sql = select_from(dialect_, of, {is_gone + " AS vhookd_gone"});
    sql.text(" WHERE ");
    const auto names = key_names(dialect_, of);
    const char* lead = "(";
    for (const auto& key : asked.keys) {
      sql.text(lead);
      lead = " OR (";
      const auto values = read_key(key);
      for (std::size_t k = 0; k < values.size(); ++k)
        sql.bound((k == 0 ? "" : " AND ") + names[k] + " = ?", std::span(&values[k], 1));
      sql.text(")");
    }
    return sql.take();
  }

  Query operator()(const RowCount& asked) const {
    Sql sql(dialect_, nullptr);
    sql.text("SELECT count(*) FROM ").text(table(*asked.of));
    return sql.take();
  }

 private:
  std::string stamp(const Selection& of) const { return quote_name(dialect_, of.stamp); }
  std::string table(const Selection& of) const { return quote_table(dialect_, *of.table); }

  std::vector<std::string> order(const Scan& asked) const {
    if (asked.order == Scan::Order::none) return {};
    if (asked.order == Scan::Order::by_key_bytes) return key_orders(dialect_, *asked.of);
    auto columns = key_names(dialect_, *asked.of);
    if (asked.order == Scan::Order::by_stamp) columns.insert(columns.begin(), stamp(*asked.of));
    return columns;
  }

  const Dialect& dialect_;
};

}  // namespace

Query query_of(const Dialect& dialect, const Question& question) {
  return std::visit(Maker(dialect), question);
}

}  // namespace vhookd
