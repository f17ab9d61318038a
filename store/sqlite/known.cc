// Store: the known rows, their sweeping among them.
#include <algorithm>

#include "store/sqlite/impl.h"
#include "store/sqlite/known_block.h"
#include "store/sqlite/migrations.h"
#include "store/sqlite/schema.h"

namespace vhookd {
namespace {

constexpr int blocks_a_sweep = 32;  // some 4,000 rows: 1 ms, as long as a commit waits for it
constexpr int pages_a_sweep = 64;

// False: the epoch holds no rows.
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

void write_ranges(Connection& db, std::int64_t webhook, const PollCommit& part) {
  if (part.no_ranges) db.run("DELETE FROM known_range WHERE webhook = ? AND epoch = ?", webhook, part.epoch);
  for (const auto& range : part.ranges)
    db.run("INSERT OR REPLACE INTO known_range (webhook, epoch, first, rows, fingerprint) VALUES (?, ?, ?, ?, ?)",
           webhook, part.epoch, Blob{range.first}, range.rows, range.fingerprint);
  for (const auto& first : part.dropped_ranges)
    db.run("DELETE FROM known_range WHERE webhook = ? AND epoch = ? AND first = ?", webhook, part.epoch, Blob{first});
}

std::vector<PackedRow> rows_of(Connection& db, std::string_view packed) {
  std::vector<PackedRow> rows;
  rows.reserve(packed.size() / 24);
  BlockReader reader(packed);
  for (PackedRow row; reader.next(row);) rows.push_back(row);
  if (reader.damaged()) db.note_damage();
  return rows;
}

// A block in the table, and where the next one begins. number 0: there is none.
struct Found {
  std::int64_t number = 0;
  Block block;
  std::optional<std::string> next;
};

// The block that holds `key`, or would.
Found block_for(Connection& db, std::int64_t webhook, std::uint64_t epoch, std::string_view key) {
  Select row(db,
             "SELECT number, first, least_mark, packed, (SELECT n.first FROM known_block n WHERE n.webhook = ?1 AND "
             "n.epoch = ?2 AND n.first > ?3 ORDER BY n.first LIMIT 1) FROM known_block "
             "WHERE webhook = ?1 AND epoch = ?2 AND first <= ?3 ORDER BY first DESC LIMIT 1",
             webhook, epoch, Blob{key});
  Found found;
  if (!row.next()) return found;  // the first one begins before all keys: there is none at all
  found.number = row.integer(0);
  found.block = {.first = row.bytes(1), .least_mark = row.integer(2), .packed = row.bytes(3)};
  if (!row.null(4)) found.next = row.bytes(4);
  return found;
}

// Puts `blocks` in the place of `old`.
void replace(Connection& db, std::int64_t webhook, std::uint64_t epoch, const Found& old,
             std::span<const Block> blocks) {
  if (old.number != 0) {
    const Block& block = blocks.front();
    if (block.rows == 0 && !block.first.empty()) {  // the one before takes over its keys
      db.run("DELETE FROM known_block WHERE number = ?", old.number);
    } else if (block.least_mark == old.block.least_mark) {
      db.run("UPDATE known_block SET rows = ?, packed = ? WHERE number = ?", block.rows, Blob{block.packed},
             old.number);
    } else {
      db.run("UPDATE known_block SET rows = ?, least_mark = ?, packed = ? WHERE number = ?", block.rows,
             block.least_mark, Blob{block.packed}, old.number);
    }
    blocks = blocks.subspan(1);
  }
  for (const Block& block : blocks)
    db.run("INSERT INTO known_block (webhook, epoch, first, rows, least_mark, packed) VALUES (?, ?, ?, ?, ?, ?)",
           webhook, epoch, Blob{block.first}, block.rows, block.least_mark, Blob{block.packed});
}

// In key order; what comes later under the same key holds.
std::vector<KnownChange> changes_of(const PollCommit& part) {
  std::vector<KnownChange> changes;
  changes.reserve(part.remember.size() + part.forget.size());
  for (const auto& row : part.remember) changes.push_back({.key = row.key, .row = &row});
  for (const auto& key : part.forget) changes.push_back({.key = key});
  if (!std::ranges::is_sorted(changes, {}, &KnownChange::key)) std::ranges::stable_sort(changes, {}, &KnownChange::key);
  return changes;
}

// How many rows more there are.
std::int64_t write_changes(Connection& db, std::int64_t webhook, std::uint64_t epoch,
                           std::span<const KnownChange> changes) {
  std::int64_t added = 0;
  while (!changes.empty() && !db.failed()) {
    const Found old = block_for(db, webhook, epoch, changes.front().key);
    const auto end = old.next ? std::ranges::lower_bound(changes, std::string_view(*old.next), {}, &KnownChange::key)
                              : changes.end();
    const auto rows = rows_of(db, old.block.packed);
    const auto merged = merge(rows, {changes.begin(), end});
    added += static_cast<std::int64_t>(merged.size()) - static_cast<std::int64_t>(rows.size());
    replace(db, webhook, epoch, old, pack(old.block.first, merged));
    changes = {end, changes.end()};
  }
  return added;
}

// How many rows there were with a lesser mark.
std::int64_t forget_below(Connection& db, std::int64_t webhook, std::uint64_t epoch, std::int64_t mark) {
  std::int64_t forgotten = 0;
  while (true) {
    Found old;
    {
      Select row(db,
                 "SELECT number, first, least_mark, packed FROM known_block INDEXED BY known_block_mark "
                 "WHERE webhook = ? AND epoch = ? AND least_mark < ? LIMIT 1",
                 webhook, epoch, mark);
      if (!row.next()) return forgotten;
      old.number = row.integer(0);
      old.block = {.first = row.bytes(1), .least_mark = row.integer(2), .packed = row.bytes(3)};
    }
    auto rows = rows_of(db, old.block.packed);
    forgotten += static_cast<std::int64_t>(std::erase_if(rows, [&](const PackedRow& row) { return row.mark < mark; }));
    replace(db, webhook, epoch, old, pack(old.block.first, rows));
    if (db.failed()) return 0;
  }
}

// Where the known rows of a webhook stand; none where it has no state.
struct Place {
  std::int64_t webhook = 0;
  std::int64_t epoch = 0;

  bool operator==(const Place&) const = default;
};
std::optional<Place> place_of(Connection& db, const std::string& id) {
  Select row(db, "SELECT number, epoch FROM webhook WHERE id = ?", id);
  if (!row.next()) return std::nullopt;
  return Place{.webhook = row.integer(0), .epoch = row.integer(1)};
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
  std::int64_t added = write_changes(db, webhook, part.epoch, changes_of(part));
  if (part.forget_below) added -= forget_below(db, webhook, part.epoch, *part.forget_below);
  write_ranges(db, webhook, part);
  if (added != 0) db.run("UPDATE webhook SET known_rows = known_rows + ? WHERE number = ?", added, webhook);
}

void pack_known_of_version_5(Connection& db) {
  constexpr std::size_t rows_a_turn = 4000;
  std::vector<KnownRow> rows;
  Place place;
  std::string first;  // of the turn: empty where it is the epoch's first
  const auto write = [&] {
    std::vector<PackedRow> packed;
    packed.reserve(rows.size());
    for (const auto& row : rows) packed.push_back(unpacked(row));
    if (!rows.empty()) replace(db, place.webhook, static_cast<std::uint64_t>(place.epoch), {}, pack(first, packed));
    rows.clear();
  };
  Select row(db, "SELECT webhook, epoch, key, digest, mark, matched FROM known ORDER BY webhook, epoch, key");
  while (row.next()) {
    const Place here{.webhook = row.integer(0), .epoch = row.integer(1)};
    const bool goes_on = here == place;
    if (!goes_on || rows.size() >= rows_a_turn) {
      write();
      first = goes_on ? row.bytes(2) : std::string();
      place = here;
    }
    rows.push_back(
        {.key = row.bytes(2), .digest = row.bytes(3), .mark = row.integer(4), .matched = row.integer(5) != 0});
  }
  write();
}

Result<std::optional<KnownRow>> Store::known(const std::string& id, const std::string& key) {
  return impl_->read([&](Connection& db) -> std::optional<KnownRow> {
    Select block(
        db,
        "SELECT k.packed FROM webhook w CROSS JOIN known_block k ON k.webhook = w.number AND k.epoch = w.epoch "
        "WHERE w.id = ?1 AND k.first <= ?2 ORDER BY k.first DESC LIMIT 1",
        id, Blob{key});
    if (!block.next()) return std::nullopt;
    const auto packed = block.bytes(0);
    BlockReader reader(packed);
    for (PackedRow row; reader.next(row) && row.key <= key;)
      if (row.key == key) return KnownRow(row);
    if (reader.damaged()) db.note_damage();
    return std::nullopt;
  });
}

Result<std::vector<KnownRow>> Store::known_after(const std::string& id, const std::string& after, int limit) {
  return impl_->read([&](Connection& db) {
    std::vector<KnownRow> rows;
    const auto place = place_of(db, id);
    if (!place) return rows;
    Select block(db,
                 "SELECT packed FROM known_block WHERE webhook = ?1 AND epoch = ?2 AND first >= (SELECT first FROM "
                 "known_block WHERE webhook = ?1 AND epoch = ?2 AND first <= ?3 ORDER BY first DESC LIMIT 1) "
                 "ORDER BY first",
                 place->webhook, place->epoch, Blob{after});
    const auto enough = static_cast<std::size_t>(limit);
    while (rows.size() < enough && block.next()) {
      const auto packed = block.bytes(0);
      BlockReader reader(packed);
      for (PackedRow row; rows.size() < enough && reader.next(row);)
        if (row.key > after) rows.emplace_back(row);
      if (reader.damaged()) db.note_damage();
    }
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
