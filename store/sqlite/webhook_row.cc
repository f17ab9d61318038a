#include "store/sqlite/webhook_row.h"

namespace vhookd {
namespace {

constexpr std::string_view state_by_id =
    "SELECT w.id, w.epoch, w.fingerprint, w.checkpoint, w.next_sequence, w.paused, w.paused_because, w.healthy, "
    "w.last_error, w.failed_in_a_row, w.checked_at, o.last_delivery_at, w.created_at, w.updated_at, "
    "o.queued_pages, o.queued_bytes, o.dead_pages, o.dead_bytes, o.holding_pages, o.kept_pages, o.kept_bytes, "
    "o.replay_pages, w.renumbered FROM webhook w JOIN outbox o ON o.webhook = w.number WHERE w.id = ?";

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

}  // namespace

std::optional<WebhookState> state_of(Connection& db, const std::string& id) {
  Select row(db, state_by_id, id);
  if (!row.next()) return std::nullopt;
  return state_in(row);
}

std::int64_t number_of(Connection& db, const std::string& id) {
  Select row(db, "SELECT number FROM webhook WHERE id = ?", id);
  return row.next() ? row.integer(0) : 0;
}

std::int64_t ensure_webhook(Connection& db, const std::string& id, Instant now) {
  if (const auto number = number_of(db, id); number != 0 || db.failed()) return number;
  db.run("INSERT INTO webhook (id, created_at, updated_at) VALUES (?, ?, ?)", id, now, now);
  const auto number = db.last_number();
  db.run("INSERT INTO outbox (webhook) VALUES (?)", number);
  return number;
}

std::unexpected<Error> no_state(const std::string& id) {
  return fail(Recourse::give_up, "webhook " + id + " has no state; it was forgotten meanwhile");
}

}  // namespace vhookd
