// Store: opening it, and what it keeps of each webhook.
#include "store/sqlite/impl.h"
#include "store/sqlite/schema.h"

namespace vhookd {
namespace {

#define VHOOKD_STATE_COLUMNS                                                                                    \
  "SELECT w.id, w.epoch, w.fingerprint, w.checkpoint, w.next_sequence, w.paused, w.paused_because, w.healthy, " \
  "w.last_error, w.failed_in_a_row, w.checked_at, o.last_delivery_at, w.created_at, w.updated_at, "             \
  "o.queued_pages, o.queued_bytes, o.dead_pages, o.dead_bytes, o.holding_pages, o.kept_pages, o.kept_bytes, "   \
  "o.replay_pages, w.renumbered FROM webhook w JOIN outbox o ON o.webhook = w.number "
constexpr std::string_view state_by_id = VHOOKD_STATE_COLUMNS "WHERE w.id = ?";
#undef VHOOKD_STATE_COLUMNS

WebhookState state_in(const Select& row) {
  WebhookState state;
  state.id = row.bytes(0);
  state.epoch = static_cast<std::uint64_t>(row.integer(1));
  state.fingerprint = row.bytes(2);
  state.checkpoint = row.bytes(3);
  state.next_sequence = static_cast<std::uint64_t>(row.integer(4));
  state.paused = row.integer(5) != 0;
  state.paused_because = row.bytes(6);
  state.healthy = row.integer(7) != 0;
  state.last_error = row.bytes(8);
  state.failed_in_a_row = static_cast<int>(row.integer(9));
  state.checked_at = row.maybe_instant(10);
  state.last_delivery_at = row.maybe_instant(11);
  state.created_at = row.instant(12);
  state.updated_at = row.instant(13);
  state.queued_pages = row.integer(14);
  state.queued_bytes = row.integer(15);
  state.dead_pages = row.integer(16);
  state.dead_bytes = row.integer(17);
  state.holding_pages = row.integer(18);
  state.kept_pages = row.integer(19);
  state.kept_bytes = row.integer(20);
  state.replay_pages = row.integer(21);
  state.renumbered = row.integer(22);
  return state;
}

std::optional<WebhookState> state_of(Connection& db, const std::string& id) {
  Select row(db, state_by_id, id);
  if (!row.next()) return std::nullopt;
  return state_in(row);
}

std::int64_t made(Connection& db, const std::string& id, Instant now) {
  if (const auto number = number_of(db, id); number != 0 || db.failed()) return number;
  db.run("INSERT INTO webhook (id, created_at, updated_at) VALUES (?, ?, ?)", id, now, now);
  const auto number = db.last_number();
  db.run("INSERT INTO outbox (webhook) VALUES (?)", number);
  return number;
}

}  // namespace

std::int64_t number_of(Connection& db, const std::string& id) {
  Select row(db, "SELECT number FROM webhook WHERE id = ?", id);
  return row.next() ? row.integer(0) : 0;
}

std::unexpected<Error> no_state(const std::string& id) {
  return fail(Recourse::give_up, "webhook " + id + " has no state; it was forgotten meanwhile");
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const std::string& folder, const Clock& clock) {
  auto lock = FolderLock::take(folder);
  if (!lock) return std::unexpected(lock.error());
  auto db = open_state(folder);
  if (!db) return std::unexpected(db.error());
  auto impl = std::make_unique<Impl>(std::move(*lock), folder + "/state.db", clock, std::move(*db));
  impl->stale = true;
  impl->sweep_some();
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

std::string Store::path() const {
  return impl_->path;
}

Result<WebhookState> Store::webhook(const std::string& id) {
  auto state = impl_->read([&](Connection& db) { return state_of(db, id); });
  if (!state) return std::unexpected(state.error());
  if (*state) return std::move(**state);
  WebhookState fresh;
  auto done = impl_->write([&](Connection& db) -> Result<void> {
    made(db, id, impl_->clock.now());
    fresh = state_of(db, id).value_or(WebhookState{});
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return fresh;
}

Result<void> Store::make_webhooks(std::span<const std::string> ids) {
  const auto missing = impl_->read([&](Connection& db) {
    std::vector<std::string> without;
    for (const auto& id : ids)
      if (number_of(db, id) == 0) without.push_back(id);
    return without;
  });
  if (!missing) return std::unexpected(missing.error());
  if (missing->empty()) return {};
  return impl_->write([&](Connection& db) -> Result<void> {
    for (const auto& id : *missing) made(db, id, impl_->clock.now());
    return {};
  });
}

Result<std::vector<WebhookState>> Store::webhooks(std::span<const std::string> ids) {
  return impl_->read([&](Connection& db) {
    std::vector<WebhookState> states;
    states.reserve(ids.size());
    for (const auto& id : ids)
      if (auto state = state_of(db, id)) states.push_back(std::move(*state));
    return states;
  });
}

Result<void> Store::set_paused(const std::string& id, bool paused, const std::string& because) {
  return impl_->write([&](Connection& db) -> Result<void> {
    const auto now = impl_->clock.now();
    const std::string why = paused ? because : std::string();
    db.run(
        "UPDATE webhook SET paused = ?1, paused_because = ?2, updated_at = ?3 "
        "WHERE number = ?4 AND (paused <> ?1 OR paused_because <> ?2)",
        paused, why, now, made(db, id, now));
    return {};
  });
}

Result<void> Store::set_health(const std::string& id, bool healthy, int failed_in_a_row,
                               const std::string& last_error) {
  return impl_->write([&](Connection& db) -> Result<void> {
    const auto number = number_of(db, id);
    if (number == 0) return no_state(id);
    db.run("UPDATE webhook SET updated_at = ? WHERE number = ? AND (healthy <> ? OR last_error <> ?)",
           impl_->clock.now(), number, healthy, last_error);
    db.run(
        "UPDATE webhook SET healthy = ?1, failed_in_a_row = ?2, last_error = ?3 "
        "WHERE number = ?4 AND (healthy <> ?1 OR failed_in_a_row <> ?2 OR last_error <> ?3)",
        healthy, failed_in_a_row, last_error, number);
    return {};
  });
}

Result<void> Store::touch(const std::string& id) {
  return impl_->write([&](Connection& db) -> Result<void> {
    const auto now = impl_->clock.now();
    db.run("UPDATE webhook SET updated_at = ? WHERE number = ?", now, made(db, id, now));
    return {};
  });
}

Result<void> Store::define(const std::string& id, const std::string& json) {
  return impl_->write([&](Connection& db) -> Result<void> {
    const auto now = impl_->clock.now();
    db.run("INSERT INTO definition (id, json) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET json = ?2", id, json);
    db.run("UPDATE webhook SET updated_at = ? WHERE number = ?", now, made(db, id, now));
    return {};
  });
}

Result<std::vector<Definition>> Store::definitions() {
  return impl_->read([](Connection& db) {
    std::vector<Definition> all;
    for (Select row(db, "SELECT id, json FROM definition ORDER BY number"); row.next();)
      all.push_back({row.bytes(0), row.bytes(1)});
    return all;
  });
}

Result<void> Store::forget_webhook(const std::string& id) {
  std::int64_t number = 0;
  auto gone = impl_->write([&](Connection& db) -> Result<void> {
    db.run("DELETE FROM definition WHERE id = ?", id);
    number = number_of(db, id);
    if (number == 0) return {};
    db.run("INSERT OR REPLACE INTO stale (webhook, below_epoch) VALUES (?, ?)", number, forgotten_epoch);
    db.run("DELETE FROM run WHERE webhook = ?", number);
    db.run("DELETE FROM replay WHERE webhook = ?", number);
    db.run("DELETE FROM webhook WHERE number = ?", number);
    return {};
  });
  // The webhook is gone from here on; its rows and pages follow part by part, others having their turn between.
  bool more = gone && number != 0;
  while (more) {
    gone = impl_->write([&](Connection& db) -> Result<void> {
      more = sweep_part(db, number);
      return {};
    });
    if (!gone) impl_->stale = true;
    more = more && gone;
  }
  return gone;
}

}  // namespace vhookd
