// What differs between SQL databases. A new one implements this class and SqlSession; SqlSource does the rest.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/sql/query.h"
#include "core/source.h"

namespace vhookd {

class Sql;
class SqlSession;

// A filter as SQL. Values are bound so that every database compares them with the column alike.
struct Condition {
  std::string sql;            // "name >= ?", with a ? for each of
  std::vector<Param> params;  // these; is_null has none
};

// Pure but for what takes a session; one constant object for each database.
class Dialect : public SourceTraits {
 public:
  // -- Text
  virtual char quote_mark() const = 0;                                  // of names; doubled within one
  virtual std::string placeholder(std::size_t number) const = 0;        // as it stands in a statement: "$1" or "?"
  virtual std::string shown_placeholder(std::size_t number) const = 0;  // for people: "$1" or "?1"
  virtual std::string clock() const = 0;                                // the time now, in UTC, as an expression
  virtual std::string limit(int rows) const = 0;                        // what ends a SELECT: " LIMIT 1"
  // `name`: the column's, quoted.
  virtual Condition condition(const Column& column, const Filter& filter, const std::string& name) const = 0;
  // Rows stamped at or after the bound: " AND …".
  virtual void add_stamp_bound(Sql& sql, const std::string& name, const StampBound& bound) const;
  // The expression whose order is that of core/key.h.
  virtual std::string key_order_sql(const Column& column, const std::string& name) const = 0;
  // How a value stands that is compared with that expression: "?".
  virtual std::string key_mark(const Column& column) const = 0;

  // -- Range hashes (connectors/sql/range_sql.h)
  // One column's contribution to the text of a row: tells NULL from everything else, and where it ends.
  virtual std::string hash_input(const Column& column, const std::string& value) const = 0;
  // " FROM table" for a question with hashes.
  virtual void add_hashed_from(Sql& sql, const Selection& of) const = 0;
  virtual void add_range_hash(Sql& sql, const Selection& of) const = 0;  // an aggregate
  virtual void add_row_hash(Sql& sql, const Selection& of) const = 0;
  // One walk over the index for each range, where GROUP BY would sort all rows.
  virtual bool range_by_range() const = 0;

  // -- What only some databases answer. Called where their capabilities say so.
  virtual Query change_position(const ChangePosition& asked) const;
  virtual Query change_scan(const ChangeScan& asked) const;
  virtual Query table_check(const TableCheck& asked) const;
  virtual Query open_transaction_bound() const;
  virtual std::optional<Query> idle_probe() const = 0;  // one row of one value, NULL: can't be told now
  virtual std::optional<Query> schemas() const = 0;     // names in the first column; none: the default schema alone

  // -- For people
  virtual std::vector<std::string> plan_of(SqlSession& session, const Query& query) const = 0;
  virtual OpenTransactions open_transactions(SqlSession& session) const = 0;
  // The session's role may ask open_transaction_bound().
  virtual bool sees_open_transactions(SqlSession& session) const;

  // SourceTraits
  SelectionText text_of(const Selection& selection) const override;
  bool can_index(const Column& column) const override;

 protected:
  std::string quoted_list(const std::vector<std::string>& names) const;
};

std::string quote_name(const Dialect& dialect, std::string_view name);
std::string quote_table(const Dialect& dialect, const Table& table);  // schema.table

// "<name> >= <values>": how filters read in standard SQL. `values`: what stands for the value, or for all of a list.
std::string filter_text(const Filter& filter, const std::string& name, const std::string& values);
Condition plain_condition(const Filter& filter, const std::string& name);
bool is_time(const Column& column);

// The answer as texts, NULL as ""; empty where it failed.
std::vector<std::vector<std::string>> lines_of(SqlSession& session, const Query& query);

}  // namespace vhookd
