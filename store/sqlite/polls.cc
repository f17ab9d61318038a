// SqlitePollState: what polls begin from and leave behind.
#include "store/sqlite/known.h"
#include "store/sqlite/roles.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/webhook_row.h"

namespace vhookd {
namespace {

constexpr int runs_kept = 50;

std::uint64_t moved_by(std::uint64_t sequence, std::int64_t moved) {
  return sequence + static_cast<std::uint64_t>(moved);  // a negative `moved` wraps around to the right value
}

// A part that is refused here comes from a fault in vhookd; storing it would lose or repeat pages. `moved`: by how much
// splits have shifted the sequences since the poll began.
Result<void> check_part(const PollCommit& part, std::uint64_t epoch, std::uint64_t next_sequence, std::int64_t moved) {
  const auto impossible = [&](const std::string& what) {
    return fail(Recourse::give_up, "webhook " + part.webhook_id +
                                       ": a poll's result was refused, nothing of it was "
                                       "stored: " +
                                       what + ". This is a fault in vhookd; please report it");
  };
  // An earlier epoch would expose rows of that epoch which are not swept yet.
  if (part.epoch < epoch) {
    return impossible("its epoch is " + std::to_string(part.epoch) + ", the stored one " + std::to_string(epoch));
  }
  for (const auto& page : part.pages) {
    if (moved_by(page.sequence, moved) != next_sequence) {
      return impossible("a page has sequence " + std::to_string(moved_by(page.sequence, moved)) + ", the next is " +
                        std::to_string(next_sequence));
    }
    ++next_sequence;
  }
  return {};
}

void begin_epoch(Connection& db, std::int64_t webhook, std::uint64_t epoch) {
  db.run("INSERT OR REPLACE INTO stale (webhook, below_epoch) VALUES (?, ?)", webhook, epoch);
  db.run("UPDATE webhook SET epoch = ?, known_rows = 0 WHERE number = ?", epoch, webhook);
}

void queue_pages(Connection& db, std::int64_t webhook, const PollCommit& part, std::int64_t moved) {
  for (const auto& page : part.pages) {
    db.run("INSERT INTO body (bytes) VALUES (?)", Blob{page.body});
    db.run(
        "INSERT INTO page (webhook, state, sequence, id, type, records, body, bytes, queued_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        webhook, state_queued, moved_by(page.sequence, moved), page.id, static_cast<int>(page.type), page.records,
        db.last_number(), page.body.size(), part.at);
  }
}

void add_run(Connection& db, std::int64_t webhook, const Run& run) {
  std::int64_t last = 0;
  {
    Select row(db, "SELECT number FROM run WHERE webhook = ? ORDER BY number DESC LIMIT 1", webhook);
    if (row.next()) last = row.integer(0);
  }
  db.run(
      "INSERT INTO run (webhook, number, started_at, ok, pages, records, duration_ms, error) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      webhook, last + 1, run.started_at, run.ok, run.pages, run.records, run.duration_ms, run.error);
  db.run("DELETE FROM run WHERE webhook = ? AND number <= ?", webhook, last + 1 - runs_kept);
}

}  // namespace

Result<WebhookState> SqlitePollState::webhook(const std::string& id) {
  auto state = state_.read([&](Connection& db) { return state_of(db, id); });
  if (!state) return std::unexpected(state.error());
  if (*state) return std::move(**state);
  WebhookState fresh;
  auto done = state_.write([&](Connection& db) -> Result<void> {
    ensure_webhook(db, id, state_.now());
    fresh = state_of(db, id).value_or(WebhookState{});
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return fresh;
}

Result<void> SqlitePollState::commit(const PollCommit& part) {
  auto done = state_.write([&](Connection& db) -> Result<void> {
    std::int64_t webhook = 0;
    std::uint64_t epoch = 0;
    std::uint64_t next_sequence = 0;
    std::int64_t moved = 0;
    {
      Select row(db, "SELECT number, epoch, next_sequence, renumbered FROM webhook WHERE id = ?", part.webhook_id);
      if (!row.next()) return no_state(part.webhook_id);
      webhook = row.integer(0);
      epoch = static_cast<std::uint64_t>(row.integer(1));
      next_sequence = static_cast<std::uint64_t>(row.integer(2));
      moved = row.integer(3) - part.renumbered;
    }
    if (auto fits = check_part(part, epoch, next_sequence, moved); !fits) return fits;
    if (part.epoch != epoch) {
      begin_epoch(db, webhook, part.epoch);
      state_.file().note_stale();
    }
    write_known(db, webhook, part);
    queue_pages(db, webhook, part, moved);
    if (part.run) add_run(db, webhook, *part.run);
    db.run("UPDATE webhook SET fingerprint = ?, checkpoint = ?, next_sequence = ? WHERE number = ?",
           Blob{part.fingerprint}, Blob{part.checkpoint}, next_sequence + part.pages.size(), webhook);
    if (part.complete) db.run("UPDATE webhook SET checked_at = ? WHERE number = ?", part.at, webhook);
    return {};
  });
  if (done) state_.file().sweep_some();
  return done;
}

Result<void> SqlitePollState::record_run(const std::string& id, const Run& run) {
  return state_.write([&](Connection& db) -> Result<void> {
    const auto webhook = number_of(db, id);
    if (webhook == 0) return no_state(id);
    add_run(db, webhook, run);
    return {};
  });
}

Result<void> SqlitePollState::checked(const std::vector<std::pair<std::string, Instant>>& checks) {
  return state_.write([&](Connection& db) -> Result<void> {
    for (const auto& [id, at] : checks)
      db.run("UPDATE webhook SET checked_at = ?1 WHERE id = ?2 AND (checked_at IS NULL OR checked_at < ?1)", at, id);
    return {};
  });
}

Result<std::vector<Run>> SqlitePollState::runs(const std::string& id) {
  return state_.read([&](Connection& db) {
    std::vector<Run> runs;
    Select row(db,
               "SELECT r.started_at, r.ok, r.pages, r.records, r.duration_ms, r.error FROM webhook w CROSS JOIN run r "
               "ON r.webhook = w.number WHERE w.id = ? ORDER BY r.number DESC LIMIT ?",
               id, runs_kept);
    while (row.next()) {
      runs.push_back({.started_at = row.instant(0),
                      .ok = row.integer(1) != 0,
                      .pages = static_cast<int>(row.integer(2)),
                      .records = row.integer(3),
                      .duration_ms = row.integer(4),
                      .error = row.bytes(5)});
    }
    return runs;
  });
}

Result<std::vector<std::optional<KnownRow>>> SqlitePollState::known(const std::string& id,
                                                                    std::span<const std::string> keys) {
  return state_.read([&](Connection& db) { return find_known(db, id, keys); });
}

Result<std::vector<KnownRow>> SqlitePollState::known_from(const std::string& id, const std::string& from, int limit) {
  return state_.read([&](Connection& db) { return known_rows_from(db, id, from, limit); });
}

Result<std::int64_t> SqlitePollState::known_count(const std::string& id) {
  return state_.read([&](Connection& db) -> std::int64_t {
    Select row(db, "SELECT known_rows FROM webhook WHERE id = ?", id);
    return row.next() ? row.integer(0) : 0;
  });
}

Result<std::vector<KnownRange>> SqlitePollState::known_ranges(const std::string& id) {
  return state_.read([&](Connection& db) { return ranges_of(db, id); });
}

}  // namespace vhookd
