// SqliteRecords: state, pause and health of the webhooks.
#include "store/sqlite/roles.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/sweep.h"
#include "store/sqlite/webhook_row.h"

namespace vhookd {

Result<void> SqliteRecords::make(std::span<const std::string> ids) {
  const auto missing = state_.read([&](Connection& db) {
    std::vector<std::string> without;
    for (const auto& id : ids)
      if (number_of(db, id) == 0) without.push_back(id);
    return without;
  });
  if (!missing) return std::unexpected(missing.error());
  if (missing->empty()) return {};
  return state_.write([&](Connection& db) -> Result<void> {
    for (const auto& id : *missing) ensure_webhook(db, id, state_.now());
    return {};
  });
}

Result<std::vector<WebhookState>> SqliteRecords::list(std::span<const std::string> ids) {
  return state_.read([&](Connection& db) {
    std::vector<WebhookState> states;
    states.reserve(ids.size());
    for (const auto& id : ids)
      if (auto state = state_of(db, id)) states.push_back(std::move(*state));
    return states;
  });
}

Result<void> SqliteRecords::set_paused(const std::string& id, bool paused, const std::string& because) {
  return state_.write([&](Connection& db) -> Result<void> {
    const auto now = state_.now();
    const std::string why = paused ? because : std::string();
    db.run(
        "UPDATE webhook SET paused = ?1, paused_because = ?2, updated_at = ?3 "
        "WHERE number = ?4 AND (paused <> ?1 OR paused_because <> ?2)",
        paused, why, now, ensure_webhook(db, id, now));
    return {};
  });
}

Result<void> SqliteRecords::set_health(const std::string& id, bool healthy, int failed_in_a_row,
                                       const std::string& last_error) {
  return state_.write([&](Connection& db) -> Result<void> {
    const auto number = number_of(db, id);
    if (number == 0) return no_state(id);
    db.run("UPDATE webhook SET updated_at = ? WHERE number = ? AND (healthy <> ? OR last_error <> ?)", state_.now(),
           number, healthy, last_error);
    db.run(
        "UPDATE webhook SET healthy = ?1, failed_in_a_row = ?2, last_error = ?3 "
        "WHERE number = ?4 AND (healthy <> ?1 OR failed_in_a_row <> ?2 OR last_error <> ?3)",
        healthy, failed_in_a_row, last_error, number);
    return {};
  });
}

Result<void> SqliteRecords::touch(const std::string& id) {
  return state_.write([&](Connection& db) -> Result<void> {
    const auto now = state_.now();
    db.run("UPDATE webhook SET updated_at = ? WHERE number = ?", now, ensure_webhook(db, id, now));
    return {};
  });
}

Result<void> SqliteRecords::forget(const std::string& id) {
  std::int64_t number = 0;
  auto gone = state_.write([&](Connection& db) -> Result<void> {
    db.run("DELETE FROM definition WHERE id = ?", id);
    number = number_of(db, id);
    if (number == 0) return {};
    db.run("INSERT OR REPLACE INTO stale (webhook, below_epoch) VALUES (?, ?)", number, forgotten_epoch);
    db.run("DELETE FROM run WHERE webhook = ?", number);
    db.run("DELETE FROM replay WHERE webhook = ?", number);
    db.run("DELETE FROM webhook WHERE number = ?", number);
    return {};
  });
  // The webhook is gone now. Its rows and pages are deleted in parts, so that other writes can run in between.
  bool more = gone && number != 0;
  while (more) {
    gone = state_.write([&](Connection& db) -> Result<void> {
      more = sweep_part(db, number);
      return {};
    });
    if (!gone) state_.file().note_stale();
    more = more && gone;
  }
  return gone;
}

}  // namespace vhookd
