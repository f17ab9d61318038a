#include "connectors/postgres/postgres.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "connectors/postgres/catalogue.h"
#include "connectors/postgres/change_sql.h"
#include "connectors/postgres/dialect.h"
#include "connectors/postgres/session.h"
#include "connectors/postgres/types.h"

namespace vhookd {
namespace {

using postgres::Oid;
using postgres::Session;

// How many rows to FETCH next. libpq holds a whole batch, so a few rows tell first how large they are:
// four of 10 MB are bearable, a hundred would not be. Where none can be, more are asked for at once: what a poll
// finds is mostly had with one question then.
class BatchSize {
 public:
  explicit BatchSize(bool short_rows) : rows_(short_rows ? 250 : 4) {}
  int rows() const { return rows_; }
  void fetched(std::size_t bytes) {
    const auto per_row = std::max<std::size_t>(bytes / static_cast<std::size_t>(rows_), 1);
    const auto fitting = static_cast<int>(std::min<std::size_t>(aim_bytes / per_row, most_rows));
    rows_ = std::clamp(fitting, 1, rows_ * 16);
  }

 private:
  static constexpr std::size_t aim_bytes = 1 << 20;
  static constexpr std::size_t most_rows = 1000;
  int rows_;
};

std::string fetch_sql(int rows, const std::string& cursor) {
  return "FETCH FORWARD " + std::to_string(rows) + " FROM " + cursor;
}

// The statement with its values in it, where all of them are our own; none: they have to be bound.
std::optional<std::string> with_own_values(const Query& query) {
  if (!query.params.empty() && (query.hints & postgres::own_values) == 0) return std::nullopt;
  for (const auto& param : query.params)
    if (param.text.find_first_not_of("0123456789,{}") != std::string::npos) return std::nullopt;
  std::string sql;
  bool in_name = false;
  for (std::string_view rest = query.sql; !rest.empty();) {
    if (rest.front() == '"') in_name = !in_name;
    std::size_t number = 0;
    std::size_t length = 1;
    if (rest.front() == '$' && !in_name) {
      length = std::min(rest.find_first_not_of("0123456789", 1), rest.size());
      std::from_chars(&rest.front() + 1, &rest.front() + length, number);
    }
    if (number == 0 || number > query.params.size()) {
      sql.append(rest.substr(0, length));
    } else {
      sql.append("'").append(query.params[number - 1].text).append("'");
    }
    rest.remove_prefix(length);
  }
  return sql;
}

std::vector<Oid> types_of(const pqxx::result& batch) {
  std::vector<Oid> oids;
  const auto columns = static_cast<int>(batch.columns());
  for (int i = 0; i < columns; ++i) oids.push_back(batch.column_type(i));
  return oids;
}

// Shows each row of the batch; false as soon as the callback has had enough. `row` is of the batch's
// width, kinds set. Adds to `bytes`.
bool deliver(const pqxx::result& batch, std::vector<Value>& row, const OnRow& on_row, std::size_t& bytes) {
  for (auto line = batch.begin(); line != batch.end(); ++line) {
    auto field = line->begin();  // one that moves: making a field copies two shared pointers
    for (auto& value : row) {
      value.null = field->is_null();
      value.text = value.null ? std::string_view() : std::string_view(field->c_str(), field->size());
      if (value.kind == Kind::hex && value.text.starts_with("\\x")) value.text.remove_prefix(2);
      bytes += value.text.size();
      ++field;
    }
    if (!on_row(row)) return false;
  }
  return true;
}

class PostgresConnector final : public SqlSession {
 public:
  explicit PostgresConnector(std::unique_ptr<Session> session) : session_(std::move(session)) {}

  Result<Table> describe(const TableName& name) override { return postgres::describe(*session_, types_, name); }
  Result<std::vector<TableName>> tables(const std::string& schema) override {
    return postgres::tables(*session_, schema);
  }

  Result<void> begin() override {
    if (in_transaction_) return fail(Recourse::give_up, "a transaction is open already");
    in_transaction_ = true;
    if (const auto done = session_->run(session_->begin_sql()); !done) {
      end();  // what did run of it leaves nothing behind
      return std::unexpected(done.error());
    }
    return {};
  }

  Result<void> begin_with(const Query& query, const OnRow& on_row) override {
    constexpr auto kept = postgres::few | postgres::often;
    const bool in_one = (query.hints & kept) == kept && query.params.empty() && !in_transaction_;
    if (!in_one) return SqlSession::begin_with(query, on_row);
    in_transaction_ = true;
    return show(session_->begin_with_kept(query.sql), on_row);
  }

  void end() override {
    if (!in_transaction_) return;
    // COMMIT of what has failed is a rollback; ROLLBACK would count as one in the operator's statistics.
    if (!session_->lost()) (void)session_->run("COMMIT");
    in_transaction_ = false;
    open_cursor_.clear();
  }

  Result<void> read(const Query& query, const OnRow& on_row) override {
    if ((query.hints & postgres::few) != 0) return read_few(query, on_row);
    if (in_transaction_) return stream(query, on_row, {});
    in_transaction_ = true;
    const Finally ended{*this};
    return stream(query, on_row, session_->begin_sql());
  }

  Result<std::vector<std::string>> explain(const Query& query) override {
    if (auto begun = begin(); !begun) return std::unexpected(begun.error());
    const auto plan = session_->run("EXPLAIN " + query.sql, query.params);
    end();
    if (!plan) return std::unexpected(plan.error());
    std::vector<std::string> lines;
    for (const auto& line : *plan) lines.emplace_back(line[0].c_str());
    return lines;
  }

  std::string server() const override {
    const auto version = session_->version();
    return "PostgreSQL " + std::to_string(version / 10000) + "." + std::to_string(version % 10000);
  }

 private:
  struct Finally {
    PostgresConnector& self;
    ~Finally() { self.end(); }
  };

  // Opens a cursor and has its first rows, and closes the one before on the way. `begin`: what must come
  // first, or empty. One round trip where the text can go in one message with the rest; else two or
  // three: bound values go with a single statement only (DECLARE takes them), a semicolon might make two
  // of one, and a backslash reads as the role's own settings say until ours are in force.
  Result<pqxx::result> first_batch(const Query& query, const std::string& begin, int rows) {
    const auto cursor = "vhookd_" + std::to_string(++cursors_);
    const auto close = open_cursor_.empty() ? std::string() : "CLOSE " + open_cursor_ + "; ";
    const auto declare = "DECLARE " + cursor + " NO SCROLL CURSOR FOR ";
    const auto fetch = fetch_sql(rows, cursor);
    const auto whole = with_own_values(query);
    auto batch = whole && whole->find_first_of(";\\") == std::string::npos
                     ? session_->run(begin + close + declare + *whole + "\n; " + fetch)
                     : first_batch_in_steps(begin, declare + query.sql, query.params, close + fetch);
    if (batch) open_cursor_ = cursor;
    return batch;
  }

  Result<pqxx::result> first_batch_in_steps(const std::string& begin, const std::string& declare,
                                            const std::vector<Param>& params, const std::string& fetch) {
    if (!begin.empty())
      if (auto done = session_->run(begin); !done) return done;
    if (auto done = session_->run(declare, params); !done) return done;
    return session_->run(fetch);
  }

  Result<void> read_few(const Query& query, const OnRow& on_row) {
    return show((query.hints & postgres::often) != 0 ? session_->run_kept(query.sql, query.params, in_transaction_)
                                                     : session_->run(query.sql, query.params),
                on_row);
  }

  Result<void> show(const Result<pqxx::result>& rows, const OnRow& on_row) {
    if (!rows) return std::unexpected(rows.error());
    auto row = row_of(*rows);
    if (!row) return std::unexpected(row.error());
    std::size_t bytes = 0;
    deliver(*rows, *row, on_row, bytes);
    return {};
  }

  // As wide as the batch, with each column's kind.
  Result<std::vector<Value>> row_of(const pqxx::result& batch) {
    const auto meanings = types_.meanings(*session_, types_of(batch));
    if (!meanings) return std::unexpected(meanings.error());
    std::vector<Value> row;
    for (const auto& meaning : *meanings) row.push_back({.kind = meaning.kind, .element = meaning.element, .text = {}});
    return row;
  }

  Result<void> stream(const Query& query, const OnRow& on_row, const std::string& begin) {
    BatchSize size(query.table != nullptr && postgres::notes_of(*query.table).short_rows);
    auto batch = first_batch(query, begin, size.rows());
    if (!batch) return std::unexpected(batch.error());
    if (batch->empty()) return {};
    auto row = row_of(*batch);
    if (!row) return std::unexpected(row.error());
    for (;;) {
      std::size_t bytes = 0;
      if (!deliver(*batch, *row, on_row, bytes)) return {};
      if (static_cast<int>(batch->size()) < size.rows()) return {};
      size.fetched(bytes);
      batch->clear();  // before the next one: two would be twice the memory
      batch = session_->run(fetch_sql(size.rows(), open_cursor_));
      if (!batch) return std::unexpected(batch.error());
    }
  }

  std::unique_ptr<Session> session_;
  postgres::Types types_;
  bool in_transaction_ = false;
  std::string open_cursor_;  // of the last read in this transaction; empty: none
  std::uint64_t cursors_ = 0;
};

}  // namespace

Result<std::unique_ptr<SqlSession>> connect_postgres(const config::Database& database, const ConnectOptions& options) {
  auto session = Session::open(database, options);
  if (!session) return std::unexpected(session.error());
  if ((*session)->version() < 130000)
    return fail(Recourse::ask_operator, "the server is PostgreSQL " + std::to_string((*session)->version() / 10000) +
                                            "; vhookd needs 13 or newer");
  return std::make_unique<PostgresConnector>(std::move(*session));
}

}  // namespace vhookd
