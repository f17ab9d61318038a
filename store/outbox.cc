// Store: the outbox. Pages wait in the order of their sequence until they are delivered, or dead.
#include "store/impl.h"
#include "store/schema.h"

namespace vhookd {
namespace {

Page page_in(const Select& row) {
  return {.id = row.bytes(0),
          .sequence = static_cast<std::uint64_t>(row.integer(1)),
          .type = static_cast<PageType>(row.integer(2)),
          .records = static_cast<int>(row.integer(3)),
          .body = row.bytes(4)};
}

// `changed` rows of a statement that names one page: none means it isn't where the caller thinks.
Result<void> one_page(std::int64_t changed, const std::string& id, std::uint64_t sequence, const char* where) {
  if (changed == 1) return {};
  return fail(Recourse::give_up, "page " + std::to_string(sequence) + " of webhook " + id + " is not " + where);
}

constexpr const char* in_the_queue = "in the queue";
constexpr const char* among_the_dead = "among the dead pages";

}  // namespace

Result<std::optional<QueuedPage>> Store::head(const std::string& id) {
  return impl_->read([&](Connection& db) -> std::optional<QueuedPage> {
    Select row(db,
               "SELECT p.id, p.sequence, p.type, p.records, b.bytes, p.attempts, p.first_attempt_at, p.queued_at, "
               "p.not_before, p.error FROM webhook w CROSS JOIN page p ON p.webhook = w.number AND p.state = ? "
               "CROSS JOIN body b ON b.number = p.body WHERE w.id = ? ORDER BY p.sequence LIMIT 1",
               state_queued, id);
    if (!row.next()) return std::nullopt;
    return QueuedPage{.webhook_id = id,
                      .page = page_in(row),
                      .attempts = static_cast<int>(row.integer(5)),
                      .first_attempt_at = row.maybe_instant(6),
                      .queued_at = row.instant(7),
                      .not_before = row.instant(8),
                      .last_error = row.bytes(9)};
  });
}

Result<std::vector<std::string>> Store::with_queue() {
  return impl_->read([](Connection& db) {
    std::vector<std::string> ids;
    Select row(db,
               "SELECT w.id FROM outbox o INDEXED BY outbox_queued CROSS JOIN webhook w ON w.number = o.webhook "
               "WHERE o.queued_pages > 0");
    while (row.next()) ids.push_back(row.bytes(0));
    return ids;
  });
}

Result<std::int64_t> Store::outbox_bytes() {
  return impl_->read([](Connection& db) -> std::int64_t {
    Select row(db, "SELECT queued_bytes FROM outbox WHERE webhook = 0");
    return row.next() ? row.integer(0) : 0;
  });
}

Result<void> Store::delivered(const std::string& id, std::uint64_t sequence) {
  return impl_->write([&](Connection& db) -> Result<void> {
    const auto webhook = number_of(db, id);
    const auto changed =
        db.run("DELETE FROM page WHERE webhook = ? AND state = ? AND sequence = ?", webhook, state_queued, sequence);
    if (auto there = one_page(changed, id, sequence, in_the_queue); !there) return there;
    db.run("UPDATE outbox SET last_delivery_at = ? WHERE webhook = ?", impl_->clock.now(), webhook);
    return {};
  });
}

Result<void> Store::attempt_failed(const std::string& id, std::uint64_t sequence, Instant not_before,
                                   const std::string& error) {
  return impl_->write([&](Connection& db) -> Result<void> {
    const auto changed = db.run(
        "UPDATE page SET attempts = attempts + 1, first_attempt_at = coalesce(first_attempt_at, ?), "
        "not_before = ?, error = ? WHERE webhook = ? AND state = ? AND sequence = ?",
        impl_->clock.now(), not_before, error, number_of(db, id), state_queued, sequence);
    return one_page(changed, id, sequence, in_the_queue);
  });
}

Result<void> Store::page_died(const std::string& id, std::uint64_t sequence, const std::string& error) {
  return impl_->write([&](Connection& db) -> Result<void> {
    const auto now = impl_->clock.now();
    const auto changed = db.run(
        "UPDATE page SET state = ?, died_at = ?, attempts = attempts + 1, "
        "first_attempt_at = coalesce(first_attempt_at, ?), error = ? "
        "WHERE webhook = ? AND state = ? AND sequence = ?",
        state_dead, now, now, error, number_of(db, id), state_queued, sequence);
    return one_page(changed, id, sequence, in_the_queue);
  });
}

Result<std::vector<DeadPage>> Store::dead(const std::string& id) {
  return impl_->read([&](Connection& db) {
    std::vector<DeadPage> pages;
    Select row(db,
               "SELECT p.id, p.sequence, p.type, p.records, b.bytes, p.attempts, p.queued_at, p.died_at, p.error "
               "FROM webhook w CROSS JOIN page p ON p.webhook = w.number AND p.state = ? "
               "CROSS JOIN body b ON b.number = p.body WHERE w.id = ? ORDER BY p.sequence",
               state_dead, id);
    while (row.next()) {
      pages.push_back({.webhook_id = id,
                       .page = page_in(row),
                       .attempts = static_cast<int>(row.integer(5)),
                       .queued_at = row.instant(6),
                       .died_at = row.instant(7),
                       .error = row.bytes(8)});
    }
    return pages;
  });
}

Result<void> Store::revive(const std::string& id, std::uint64_t sequence) {
  return impl_->write([&](Connection& db) -> Result<void> {
    const auto changed = db.run(
        "UPDATE page SET state = ?, died_at = NULL, attempts = 0, first_attempt_at = NULL, not_before = 0, "
        "error = '' WHERE webhook = ? AND state = ? AND sequence = ?",
        state_queued, number_of(db, id), state_dead, sequence);
    return one_page(changed, id, sequence, among_the_dead);
  });
}

Result<void> Store::drop_dead(const std::string& id, std::uint64_t sequence) {
  return impl_->write([&](Connection& db) -> Result<void> {
    const auto changed = db.run("DELETE FROM page WHERE webhook = ? AND state = ? AND sequence = ?", number_of(db, id),
                                state_dead, sequence);
    return one_page(changed, id, sequence, among_the_dead);
  });
}

}  // namespace vhookd
