#include "store/sqlite/sweep.h"

#include <optional>
#include <string>

#include "store/sqlite/schema.h"

namespace vhookd {
namespace {

constexpr int blocks_a_sweep = 32;  // some 4,000 rows: 1 ms, for which a commit waits
constexpr int pages_a_sweep = 64;

// Deletes blocks of the first epoch below `below_epoch`. False: there is none.
bool sweep_known(Connection& db, std::int64_t webhook, std::int64_t below_epoch) {
  std::int64_t epoch = 0;
  std::optional<std::string> end;
  {
    Select first(db, "SELECT epoch FROM known_block WHERE webhook = ? AND epoch < ? ORDER BY epoch LIMIT 1", webhook,
                 below_epoch);
    if (!first.next()) return false;
    epoch = first.integer(0);
    Select cut(db, "SELECT first FROM known_block WHERE webhook = ? AND epoch = ? ORDER BY first LIMIT 1 OFFSET ?",
               webhook, epoch, blocks_a_sweep);
    if (cut.next()) end = cut.bytes(0);
  }
  if (end) {
    db.run("DELETE FROM known_block WHERE webhook = ? AND epoch = ? AND first < ?", webhook, epoch, Blob{*end});
  } else {
    db.run("DELETE FROM known_block WHERE webhook = ? AND epoch = ?", webhook, epoch);
  }
  return true;
}

bool sweep_pages(Connection& db, std::int64_t webhook) {
  return db.run(
             "DELETE FROM page WHERE (webhook, state, sequence) IN "
             "(SELECT webhook, state, sequence FROM page WHERE webhook = ? LIMIT ?)",
             webhook, pages_a_sweep) != 0;
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

}  // namespace vhookd
