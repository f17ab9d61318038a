// SqliteReplays: pages sent again on request, and delivered pages kept for that.
#include "store/sqlite/pages.h"
#include "store/sqlite/roles.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/webhook_row.h"

namespace vhookd {
namespace {

constexpr int pruned_at_once = 16;  // a delivery waits for it; each delivery adds one page, so this keeps up

struct KeptBytes {
  std::int64_t own = 0, in_all = 0;
};
KeptBytes kept_bytes(Connection& db, std::int64_t webhook) {
  Select row(db,
             "SELECT (SELECT kept_bytes FROM outbox WHERE webhook = ?), (SELECT kept_bytes FROM outbox "
             "WHERE webhook = 0)",
             webhook);
  if (!row.next()) return {};
  return {.own = row.integer(0), .in_all = row.integer(1)};
}

// Checked first: a DELETE with a subquery builds a temporary tree even if there is nothing to delete.
bool any_expired(Connection& db, Instant now) {
  Select row(db, "SELECT 1 FROM page INDEXED BY page_kept WHERE state = 2 AND keep_until <= ? LIMIT 1", now);
  return row.next();
}

// The bounds of a selection, with values for those not given, so that one statement serves all.
struct Bounds {
  std::int64_t from, to, since;
  explicit Bounds(const ReplayRange& selection)
      : from(static_cast<std::int64_t>(selection.from.value_or(0))),
        to(static_cast<std::int64_t>(selection.to.value_or(std::numeric_limits<std::int64_t>::max()))),
        since(selection.since ? selection.since->time_since_epoch().count()
                              : std::numeric_limits<std::int64_t>::min()) {}
};

int queue_replays(Connection& db, std::int64_t webhook, int state, const Bounds& bounds, const std::string& url,
                  Instant now) {
  return static_cast<int>(db.run(
      "INSERT INTO replay (webhook, page, sequence, url, asked_at) "
      "SELECT webhook, id, sequence, ?, ? FROM page WHERE webhook = ? AND state = ? AND sequence BETWEEN ? AND ? "
      "AND coalesce(delivered_at, died_at, 0) >= ? ORDER BY sequence, coalesce(delivered_at, died_at) "
      "ON CONFLICT DO NOTHING",
      url, now, webhook, state, bounds.from, bounds.to, bounds.since));
}

int count_pages(Connection& db, std::int64_t webhook, int state, const Bounds& bounds) {
  Select row(db,
             "SELECT count(*) FROM page WHERE webhook = ? AND state = ? AND sequence BETWEEN ? AND ? "
             "AND coalesce(delivered_at, died_at, 0) >= ?",
             webhook, state, bounds.from, bounds.to, bounds.since);
  return row.next() ? static_cast<int>(row.integer(0)) : 0;
}

}  // namespace

void prune_kept(Connection& db, std::int64_t webhook, const Keep& keep, Instant now) {
  if (any_expired(db, now))
    db.run(
        "DELETE FROM page WHERE (webhook, state, sequence, id) IN (SELECT webhook, state, sequence, id FROM page AS p "
        "INDEXED BY page_kept WHERE state = 2 AND keep_until <= ? AND NOT EXISTS "
        "(SELECT 1 FROM replay r WHERE r.webhook = p.webhook AND r.page = p.id) ORDER BY keep_until LIMIT ?)",
        now, pruned_at_once);
  if (webhook == 0) return;
  if (const auto kept = kept_bytes(db, webhook); kept.own <= keep.bytes && kept.in_all <= keep.bytes_in_all) return;
  for (int i = 0; i < pruned_at_once && kept_bytes(db, webhook).own > keep.bytes; ++i) {
    const auto gone = db.run(
        "DELETE FROM page WHERE (webhook, state, sequence, id) IN (SELECT webhook, state, sequence, id FROM page AS p "
        "WHERE webhook = ? AND state = 2 AND NOT EXISTS "
        "(SELECT 1 FROM replay r WHERE r.webhook = p.webhook AND r.page = p.id) ORDER BY sequence LIMIT 1)",
        webhook);
    if (gone == 0) break;
  }
  for (int i = 0; i < pruned_at_once && kept_bytes(db, webhook).in_all > keep.bytes_in_all; ++i) {
    const auto gone = db.run(
        "DELETE FROM page WHERE (webhook, state, sequence, id) IN (SELECT webhook, state, sequence, id FROM page AS p "
        "INDEXED BY page_kept WHERE state = 2 AND NOT EXISTS "
        "(SELECT 1 FROM replay r WHERE r.webhook = p.webhook AND r.page = p.id) ORDER BY keep_until LIMIT 1)");
    if (gone == 0) break;
  }
}

Result<Selected> SqliteReplays::request(const std::string& id, const ReplayRange& selection, const std::string& url) {
  Selected selected;
  auto done = state_.write([&](Connection& db) -> Result<void> {
    selected = {};
    const auto webhook = number_of(db, id);
    const Instant now = state_.now();
    const Bounds bounds(selection);
    int there = 0;
    const auto queue = [&](int state) {
      there += count_pages(db, webhook, state, bounds);
      selected.queued += queue_replays(db, webhook, state, bounds, url, now);
    };
    if (!selection.dead) {
      queue(state_kept);
    } else if (url.empty()) {
      selected.revived = static_cast<int>(db.run(
          "UPDATE page SET state = ?, died_at = NULL, attempts = 0, first_attempt_at = NULL, not_before = 0, "
          "error = '', rejections = 0, replayed = 1 WHERE webhook = ? AND state = ? AND sequence BETWEEN ? AND ? "
          "AND died_at >= ?",
          state_queued, webhook, state_dead, bounds.from, bounds.to, bounds.since));
      queue(state_passed);
    } else {
      queue(state_dead);
      queue(state_passed);
    }
    selected.waiting = there - selected.queued;
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return selected;
}

Result<std::optional<Replay>> SqliteReplays::next(const std::string& id) {
  return state_.read([&](Connection& db) -> std::optional<Replay> {
    Select row(db,
               "SELECT p.id, p.sequence, p.type, p.records, b.bytes, r.number, r.url, p.state, r.attempts, "
               "r.first_attempt_at, r.not_before FROM webhook w CROSS JOIN replay r INDEXED BY replay_order "
               "ON r.webhook = w.number CROSS JOIN page p ON p.webhook = w.number AND p.state IN (1, 2, 3) "
               "AND p.sequence = r.sequence AND p.id = r.page CROSS JOIN body b ON b.number = p.body "
               "WHERE w.id = ? ORDER BY r.number LIMIT 1",
               id);
    if (!row.next()) return std::nullopt;
    return Replay{.number = row.integer(5),
                  .url = row.bytes(6),
                  .page = page_in(row),
                  .dead = row.integer(7) != state_kept,
                  .attempts = static_cast<int>(row.integer(8)),
                  .first_attempt_at = row.maybe_instant(9),
                  .not_before = row.instant(10)};
  });
}

Result<std::vector<std::string>> SqliteReplays::ids() {
  return state_.read([](Connection& db) {
    std::vector<std::string> ids;
    Select row(db, "SELECT w.id FROM webhook w WHERE EXISTS (SELECT 1 FROM replay r WHERE r.webhook = w.number)");
    while (row.next()) ids.push_back(row.bytes(0));
    return ids;
  });
}

Result<void> SqliteReplays::attempt_failed(std::int64_t number, Instant not_before, const std::string& error) {
  return state_.write([&](Connection& db) -> Result<void> {
    db.run(
        "UPDATE replay SET attempts = attempts + 1, first_attempt_at = coalesce(first_attempt_at, ?), "
        "not_before = ?, error = ? WHERE number = ?",
        state_.now(), not_before, error, number);
    return {};
  });
}

Result<void> SqliteReplays::delivered(std::int64_t number, const Keep& keep) {
  return state_.write([&](Connection& db) -> Result<void> {
    std::int64_t webhook = 0;
    std::string page;
    bool own = false;
    {
      Select row(db, "SELECT webhook, page, url FROM replay WHERE number = ?", number);
      if (!row.next()) return {};  // the page was dropped meanwhile
      webhook = row.integer(0);
      page = row.bytes(1);
      own = row.bytes(2).empty();
    }
    db.run("DELETE FROM replay WHERE number = ?", number);
    if (!own) return {};
    const Instant now = state_.now();
    db.run("UPDATE page SET state = ?, delivered_at = ?, keep_until = ? WHERE webhook = ? AND state = ? AND id = ?",
           state_kept, now, now + keep.time, webhook, state_passed, page);
    prune_kept(db, webhook, keep, now);
    return {};
  });
}

Result<void> SqliteReplays::drop(std::int64_t number) {
  return state_.write([&](Connection& db) -> Result<void> {
    db.run("DELETE FROM replay WHERE number = ?", number);
    return {};
  });
}

Result<int> SqliteReplays::drop_all(const std::string& id, const std::string& url) {
  int dropped = 0;
  auto done = state_.write([&](Connection& db) -> Result<void> {
    dropped = static_cast<int>(db.run("DELETE FROM replay WHERE webhook = ? AND url = ?", number_of(db, id), url));
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return dropped;
}

Result<void> SqliteReplays::prune() {
  return state_.write([&](Connection& db) -> Result<void> {
    prune_kept(db, 0, {}, state_.now());
    return {};
  });
}

}  // namespace vhookd
