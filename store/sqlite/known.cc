#include "store/sqlite/known.h"

#include <algorithm>

#include "store/sqlite/known_block.h"
#include "store/sqlite/migrations.h"

namespace vhookd {
namespace {

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

// A block in the table, and the first key of the next one. number 0: there is none.
struct Found {
  std::int64_t number = 0;
  Block block;
  std::optional<std::string> next;
};

// The block that `key` belongs to.
Found block_for(Connection& db, std::int64_t webhook, std::uint64_t epoch, std::string_view key) {
  Select row(db,
             "SELECT number, first, least_mark, packed, (SELECT n.first FROM known_block n WHERE n.webhook = ?1 AND "
             "n.epoch = ?2 AND n.first > ?3 ORDER BY n.first LIMIT 1) FROM known_block "
             "WHERE webhook = ?1 AND epoch = ?2 AND first <= ?3 ORDER BY first DESC LIMIT 1",
             webhook, epoch, Blob{key});
  Found found;
  if (!row.next()) return found;  // the first block begins before all keys, so there is none at all
  found.number = row.integer(0);
  found.block = {.first = row.bytes(1), .least_mark = row.integer(2), .packed = row.bytes(3)};
  if (!row.null(4)) found.next = row.bytes(4);
  return found;
}

// Replaces `old` by `blocks`.
void replace(Connection& db, std::int64_t webhook, std::uint64_t epoch, const Found& old,
             std::span<const Block> blocks) {
  if (old.number != 0) {
    const Block& block = blocks.front();
    if (block.rows == 0 && !block.first.empty()) {  // its keys now belong to the block before
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

// In key order; of several changes to one key the last is valid.
std::vector<KnownChange> changes_of(const PollCommit& part) {
  std::vector<KnownChange> changes;
  changes.reserve(part.remember.size() + part.forget.size());
  for (const auto& row : part.remember) changes.push_back({.key = row.key, .row = &row});
  for (const auto& key : part.forget) changes.push_back({.key = key});
  if (!std::ranges::is_sorted(changes, {}, &KnownChange::key)) std::ranges::stable_sort(changes, {}, &KnownChange::key);
  return changes;
}

// Returns how many rows were added, less those removed.
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

// Removes the rows with a smaller mark, and returns how many.
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

// Which known rows are the current ones of a webhook; none if it has no state.
struct CurrentEpoch {
  std::int64_t webhook = 0;
  std::int64_t epoch = 0;

  bool operator==(const CurrentEpoch&) const = default;
};
std::optional<CurrentEpoch> current_epoch(Connection& db, const std::string& id) {
  Select row(db, "SELECT number, epoch FROM webhook WHERE id = ?", id);
  if (!row.next()) return std::nullopt;
  return CurrentEpoch{.webhook = row.integer(0), .epoch = row.integer(1)};
}

// Positions in `keys`, by key.
std::vector<std::size_t> in_key_order(std::span<const std::string> keys) {
  std::vector<std::size_t> order(keys.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  if (!std::ranges::is_sorted(keys))
    std::ranges::sort(order, {}, [&](std::size_t i) -> std::string_view { return keys[i]; });
  return order;
}

}  // namespace

void write_known(Connection& db, std::int64_t webhook, const PollCommit& part) {
  std::int64_t added = write_changes(db, webhook, part.epoch, changes_of(part));
  if (part.forget_below) added -= forget_below(db, webhook, part.epoch, *part.forget_below);
  write_ranges(db, webhook, part);
  if (added != 0) db.run("UPDATE webhook SET known_rows = known_rows + ? WHERE number = ?", added, webhook);
}

void pack_known_of_version_5(Connection& db) {
  constexpr std::size_t rows_a_turn = 4000;
  std::vector<KnownRow> rows;
  CurrentEpoch current;
  std::string first;  // key of the turn's first block: empty for the first turn of an epoch
  const auto write = [&] {
    std::vector<PackedRow> packed;
    packed.reserve(rows.size());
    for (const auto& row : rows) packed.push_back(unpacked(row));
    if (!rows.empty()) replace(db, current.webhook, static_cast<std::uint64_t>(current.epoch), {}, pack(first, packed));
    rows.clear();
  };
  Select row(db, "SELECT webhook, epoch, key, digest, mark, matched FROM known ORDER BY webhook, epoch, key");
  while (row.next()) {
    const CurrentEpoch here{.webhook = row.integer(0), .epoch = row.integer(1)};
    const bool goes_on = here == current;
    if (!goes_on || rows.size() >= rows_a_turn) {
      write();
      first = goes_on ? row.bytes(2) : std::string();
      current = here;
    }
    rows.push_back(
        {.key = row.bytes(2), .digest = row.bytes(3), .mark = row.integer(4), .matched = row.integer(5) != 0});
  }
  write();
}

std::vector<std::optional<KnownRow>> find_known(Connection& db, const std::string& id,
                                                std::span<const std::string> keys) {
  std::vector<std::optional<KnownRow>> rows(keys.size());
  const auto current = current_epoch(db, id);
  if (!current) return rows;
  Found block;
  BlockReader reader({});
  PackedRow row;
  bool at_row = false;
  for (const std::size_t i : in_key_order(keys)) {
    const std::string& key = keys[i];
    if (block.number == 0 || (block.next && key >= *block.next)) {
      block = block_for(db, current->webhook, static_cast<std::uint64_t>(current->epoch), key);
      if (block.number == 0) break;  // there are no known rows
      reader = BlockReader(block.block.packed);
      at_row = reader.next(row);
    }
    while (at_row && row.key < key) at_row = reader.next(row);
    if (at_row && row.key == key) rows[i] = KnownRow(row);
    if (reader.damaged()) {
      db.note_damage();
      break;
    }
  }
  return rows;
}

std::vector<KnownRow> known_rows_from(Connection& db, const std::string& id, const std::string& from, int limit) {
  std::vector<KnownRow> rows;
  const auto current = current_epoch(db, id);
  if (!current) return rows;
  Select block(db,
               "SELECT packed FROM known_block WHERE webhook = ?1 AND epoch = ?2 AND first >= (SELECT first FROM "
               "known_block WHERE webhook = ?1 AND epoch = ?2 AND first <= ?3 ORDER BY first DESC LIMIT 1) "
               "ORDER BY first",
               current->webhook, current->epoch, Blob{from});
  const auto enough = static_cast<std::size_t>(limit);
  while (rows.size() < enough && block.next()) {
    const auto packed = block.bytes(0);
    BlockReader reader(packed);
    for (PackedRow row; rows.size() < enough && reader.next(row);)
      if (row.key >= from) rows.emplace_back(row);
    if (reader.damaged()) db.note_damage();
  }
  return rows;
}

std::vector<KnownRange> ranges_of(Connection& db, const std::string& id) {
  std::vector<KnownRange> ranges;
  Select row(db,
             "SELECT r.first, r.rows, r.fingerprint FROM webhook w CROSS JOIN known_range r "
             "ON r.webhook = w.number AND r.epoch = w.epoch WHERE w.id = ? ORDER BY r.first",
             id);
  while (row.next()) ranges.push_back({.first = row.bytes(0), .rows = row.integer(1), .fingerprint = row.bytes(2)});
  return ranges;
}

}  // namespace vhookd
