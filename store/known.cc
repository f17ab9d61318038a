// Store: the known rows, their sweeping among them.
#include "store/impl.h"
#include "store/schema.h"

namespace vhookd {
namespace {

constexpr int rows_a_sweep = 4000;  // 5 ms, as long as a commit waits for it
constexpr int pages_a_sweep = 64;

KnownRow row_in(const Select& row) {
  return {.key = row.bytes(0), .digest = row.bytes(1), .mark = row.integer(2), .matched = row.integer(3) != 0};
}

// False: the epoch holds no rows.
bool sweep_known(Connection& db, std::int64_t webhook, std::int64_t below_epoch) {
  std::int64_t epoch = 0;
  std::optional<std::string> end;
  {
    Select first(db, "SELECT epoch FROM known WHERE webhook = ? AND epoch < ? ORDER BY epoch LIMIT 1", webhook,
                 below_epoch);
    if (!first.next()) return false;
    epoch = first.integer(0);
    Select cut(db, "SELECT key FROM known WHERE webhook = ? AND epoch = ? ORDER BY key LIMIT 1 OFFSET ?", webhook,
               epoch, rows_a_sweep);
    if (cut.next()) end = cut.bytes(0);
  }
  if (end) {
    db.run("DELETE FROM known WHERE webhook = ? AND epoch = ? AND key < ?", webhook, epoch, Blob{*end});
  } else {
    db.run("DELETE FROM known WHERE webhook = ? AND epoch = ?", webhook, epoch);
  }
  return true;
}

bool sweep_pages(Connection& db, std::int64_t webhook) {
  return db.run(
             "DELETE FROM page WHERE (webhook, state, sequence) IN "
             "(SELECT webhook, state, sequence FROM page WHERE webhook = ? LIMIT ?)",
             webhook, pages_a_sweep) != 0;
}

void write_ranges(Connection& db, std::int64_t webhook, const PollCommit& part) {
  if (part.no_ranges) db.run("DELETE FROM known_range WHERE webhook = ? AND epoch = ?", webhook, part.epoch);
  for (const auto& range : part.ranges)
    db.run("INSERT OR REPLACE INTO known_range (webhook, epoch, first, rows, fingerprint) VALUES (?, ?, ?, ?, ?)",
           webhook, part.epoch, Blob{range.first}, range.rows, range.fingerprint);
  for (const auto& first : part.dropped_ranges)
    db.run("DELETE FROM known_range WHERE webhook = ? AND epoch = ? AND first = ?", webhook, part.epoch, Blob{first});
}

}  // namespace

bool sweep_part(Connection& db, std::int64_t webhook) {
  std::int64_t below_epoch = 0;
  {
    Select first(db, "SELECT webhook, below_epoch FROM stale WHERE webhook >= ? ORDER BY webhook LIMIT 1", webhook);
    if (!first.next() || (webhook != 0 && first.integer(0) != webhook)) return false;
    webhook = first.integer(0);
    below_epoch = first.integer(1);
  }
  const bool forgotten = below_epoch == forgotten_epoch;
  if (sweep_known(db, webhook, below_epoch) || (forgotten && sweep_pages(db, webhook))) return true;
  db.run("DELETE FROM known_range WHERE webhook = ? AND epoch < ?", webhook, below_epoch);
  if (forgotten) db.run("DELETE FROM outbox WHERE webhook = ?", webhook);
  db.run("DELETE FROM stale WHERE webhook = ?", webhook);
  return true;
}

void Store::Impl::sweep_some() {
  if (!stale.exchange(false)) return;  // whoever takes the word off sweeps
  bool more = true;
  const auto swept = write([&](Connection& connection) -> Result<void> {
    more = sweep_part(connection, 0);
    return {};
  });
  if (!swept || more) stale = true;
}

void write_known(Connection& db, std::int64_t webhook, const PollCommit& part) {
  std::int64_t added = 0;
  bool unmarked = false;
  for (const auto& row : part.remember) {
    unmarked = unmarked || row.mark == 0;
    // Two statements, so that the count of new rows is known without counting.
    const auto inserted = db.run(
        "INSERT INTO known (webhook, epoch, key, digest, mark, matched) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO "
        "NOTHING",
        webhook, part.epoch, Blob{row.key}, Blob{row.digest}, row.mark, row.matched);
    added += inserted;
    if (inserted != 0) continue;
    db.run("UPDATE known SET digest = ?, mark = ?, matched = ? WHERE webhook = ? AND epoch = ? AND key = ?",
           Blob{row.digest}, row.mark, row.matched, webhook, part.epoch, Blob{row.key});
  }
  if (unmarked) db.run("UPDATE webhook SET unmarked = 1 WHERE number = ? AND unmarked = 0", webhook);
  for (const auto& key : part.forget) {
    added -= db.run("DELETE FROM known WHERE webhook = ? AND epoch = ? AND key = ?", webhook, part.epoch, Blob{key});
  }
  if (part.forget_below) {
    added -=
        db.run("DELETE FROM known INDEXED BY known_mark WHERE webhook = ? AND epoch = ? AND mark <> 0 AND mark < ?",
               webhook, part.epoch, *part.forget_below);
    if (*part.forget_below > 0 &&
        db.run("UPDATE webhook SET unmarked = 0 WHERE number = ? AND unmarked = 1", webhook) != 0) {
      added -= db.run("DELETE FROM known WHERE webhook = ? AND epoch = ? AND mark = 0", webhook, part.epoch);
    }
  }
  write_ranges(db, webhook, part);
  if (added != 0) db.run("UPDATE webhook SET known_rows = known_rows + ? WHERE number = ?", added, webhook);
}

Result<std::optional<KnownRow>> Store::known(const std::string& id, const std::string& key) {
  return impl_->read([&](Connection& db) -> std::optional<KnownRow> {
    Select row(db,
               "SELECT k.key, k.digest, k.mark, k.matched FROM webhook w CROSS JOIN known k "
               "ON k.webhook = w.number AND k.epoch = w.epoch WHERE w.id = ? AND k.key = ?",
               id, Blob{key});
    if (!row.next()) return std::nullopt;
    return row_in(row);
  });
}

Result<std::vector<KnownRow>> Store::known_after(const std::string& id, const std::string& after, int limit) {
  return impl_->read([&](Connection& db) {
    std::vector<KnownRow> rows;
    Select row(db,
               "SELECT k.key, k.digest, k.mark, k.matched FROM webhook w CROSS JOIN known k "
               "ON k.webhook = w.number AND k.epoch = w.epoch WHERE w.id = ? AND k.key > ? ORDER BY k.key LIMIT ?",
               id, Blob{after}, limit);
    while (row.next()) rows.push_back(row_in(row));
    return rows;
  });
}

Result<std::int64_t> Store::known_count(const std::string& id) {
  return impl_->read([&](Connection& db) -> std::int64_t {
    Select row(db, "SELECT known_rows FROM webhook WHERE id = ?", id);
    return row.next() ? row.integer(0) : 0;
  });
}

Result<std::vector<KnownRange>> Store::known_ranges(const std::string& id) {
  return impl_->read([&](Connection& db) {
    std::vector<KnownRange> ranges;
    Select row(db,
               "SELECT r.first, r.rows, r.fingerprint FROM webhook w CROSS JOIN known_range r "
               "ON r.webhook = w.number AND r.epoch = w.epoch WHERE w.id = ? ORDER BY r.first",
               id);
    while (row.next()) ranges.push_back({.first = row.bytes(0), .rows = row.integer(1), .fingerprint = row.bytes(2)});
    return ranges;
  });
}

}  // namespace vhookd
