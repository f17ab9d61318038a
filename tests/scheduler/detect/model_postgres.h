// PostgreSQL as far as the xid strategy looks at it: transactions with savepoints that get their xids when they
// first write, commits that show all at once, snapshots, ages counted in 32 bits. It answers a poll's questions
// from what they bind, not by reading SQL.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/scheduler/detect/conductor.h"

namespace vhookd::testing {

struct ModelRow {
  std::uint64_t xmin = 0;
  std::int64_t place = 0;  // in the table; each version has its own
  std::int64_t version = 0;
  std::int64_t flag = 0;
  std::string updated_at = "2026-11-23 09:00:00+00";  // empty: NULL
};

class ModelPostgres {
 public:
  using Change = std::optional<ModelRow>;  // none: deleted

  explicit ModelPostgres(std::uint64_t first_xid) : next_xid_(first_xid), latest_completed_(first_xid - 1) {}

  int begin();                                              // a transaction's handle
  bool write(int transaction, std::int64_t id, Change to);  // false: the row is another's until that ends
  void savepoint(int transaction);
  void rollback_to_savepoint(int transaction);  // and releases it
  void release(int transaction);                // the savepoint's writes become the transaction's
  void commit(int transaction);
  void rollback(int transaction);
  void burn(std::uint64_t count);  // so many transactions of others
  void vacuum_full();              // every row gets another place, in another file
  std::vector<int> open() const;
  Instant began(int transaction) const { return transactions_.at(transaction).began; }
  Instant assigned(int transaction) const {
    return transactions_.at(transaction).assigned;
  }  // its xid, once it has one
  bool has_savepoint(int transaction) const { return transactions_.at(transaction).levels.size() > 1; }

  const std::map<std::int64_t, ModelRow>& rows() const { return committed_; }
  const std::map<std::int64_t, ModelRow>& view() const { return view_; }  // as of the source's last begin
  // How often a commit made a row that was not there.
  int births(std::int64_t id) const { return births_.contains(id) ? births_.at(id) : 0; }

  // pg_current_snapshot()'s text.
  std::string current_snapshot() const;

  // As the column holds it: with its zone, or without.
  std::string text(Instant at) const;

  Answers source();
  // What the statements look at: the server's, and how long counting the rows takes.
  Instant clock{std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + std::chrono::hours(9)};
  Micros scan_takes{0};
  bool with_zone = true;               // the column is of type timestamptz
  std::string server_run = "1 10,11";  // which start of the server this is
  bool rewritten_under_way = false;    // an ALTER TABLE rewrote the table after the view was taken

 private:
  struct Level {
    std::uint64_t xid = 0;  // 0: has not written
    std::map<std::int64_t, Change> writes;
  };
  struct Transaction {
    std::vector<Level> levels = std::vector<Level>(1);
    std::set<std::uint64_t> xids;
    Instant began, assigned;
  };
  struct Scan;

  void complete(std::uint64_t xid);
  void assign(Transaction& transaction);
  std::uint64_t oldest_running() const;
  Result<void> read(const Query& query, const OnRow& on_row) const;
  bool newer(const Scan& scan, const ModelRow& row) const;
  void read_position(const Query& query, const OnRow& on_row) const;
  void read_count(const Query& query, const OnRow& on_row) const;
  void read_keys(const OnRow& on_row) const;
  bool give(const Scan& scan, std::int64_t id, const ModelRow& row, const OnRow& on_row) const;  // false: enough

  std::uint64_t next_xid_;
  std::uint64_t latest_completed_;
  std::int64_t next_place_ = 1;
  int next_handle_ = 1;
  std::map<int, Transaction> transactions_;
  std::map<std::int64_t, ModelRow> committed_;
  std::map<std::int64_t, int> births_;
  int file_ = 1;
  // The view a poll has open.
  std::map<std::int64_t, ModelRow> view_;
  std::string snapshot_;
  std::uint64_t view_next_ = 0, view_xmax_ = 0;
};

// The table the model holds: id, version, flag, updated_at.
Table model_table(bool with_key = true);
// The same with so many rows and such an index that most polls are narrow.
Table large_model_table(bool with_zone = true);

}  // namespace vhookd::testing
