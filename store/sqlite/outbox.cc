// SqliteOutbox: queued and dead pages.
#include "core/page_body.h"
#include "store/sqlite/pages.h"
#include "store/sqlite/roles.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/webhook_row.h"

namespace vhookd {

Page page_in(const Select& row) {
  return {.id = row.bytes(0),
          .sequence = static_cast<std::uint64_t>(row.integer(1)),
          .type = static_cast<PageType>(row.integer(2)),
          .records = static_cast<int>(row.integer(3)),
          .body = with_sequence(row.bytes(4), static_cast<std::uint64_t>(row.integer(1)))};
}

namespace {

// The result of a statement that names one page and has changed `changed` rows.
Result<void> one_page(std::int64_t changed, const std::string& id, std::uint64_t sequence, const char* where) {
  if (changed == 1) return {};
  return fail(Recourse::give_up, "page " + std::to_string(sequence) + " of webhook " + id + " is not " + where);
}

bool keeps(const Keep& keep) {
  return keep.time.count() > 0 && keep.bytes > 0 && keep.bytes_in_all > 0;
}

// Shifts the sequences of the pages after `sequence`, none of which was sent yet. The id is part of the key, so pages
// do not collide while they move.
void renumber_behind(Connection& db, std::int64_t webhook, std::uint64_t sequence, int by) {
  db.run("UPDATE page SET sequence = sequence + ? WHERE webhook = ? AND state = ? AND sequence > ?", by, webhook,
         state_queued, sequence);
  db.run("UPDATE webhook SET next_sequence = next_sequence + ?1, renumbered = renumbered + ?1 WHERE number = ?2", by,
         webhook);
}

void add_part(Connection& db, std::int64_t webhook, std::uint64_t sequence, const Page& page, Instant queued_at) {
  db.run("INSERT INTO body (bytes) VALUES (?)", Blob{page.body});
  db.run(
      "INSERT INTO page (webhook, state, sequence, id, type, records, body, bytes, queued_at, part) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
      webhook, state_queued, sequence, page.id, static_cast<int>(page.type), page.records, db.last_number(),
      page.body.size(), queued_at);
}

// The webhook's number and the page's id; 0 if it is not queued. Given the whole key SQLite changes a page in place;
// given less it first collects the rows to change in a temporary tree.
std::pair<std::int64_t, std::string> queued_page(Connection& db, const std::string& id, std::uint64_t sequence) {
  Select row(db,
             "SELECT w.number, p.id FROM webhook w CROSS JOIN page p ON p.webhook = w.number AND p.state = ? "
             "AND p.sequence = ? WHERE w.id = ?",
             state_queued, sequence, id);
  if (!row.next()) return {};
  return {row.integer(0), row.bytes(1)};
}

constexpr const char* in_the_queue = "in the queue";

}  // namespace

Result<std::optional<QueuedPage>> SqliteOutbox::head(const std::string& id) {
  return state_.read([&](Connection& db) -> std::optional<QueuedPage> {
    Select row(db,
               "SELECT p.id, p.sequence, p.type, p.records, b.bytes, p.attempts, p.first_attempt_at, p.queued_at, "
               "p.not_before, p.error, p.rejections, p.part, p.replayed FROM webhook w CROSS JOIN page p ON p.webhook "
               "= w.number AND p.state = ? "
               "CROSS JOIN body b ON b.number = p.body WHERE w.id = ? ORDER BY p.sequence LIMIT 1",
               state_queued, id);
    if (!row.next()) return std::nullopt;
    return QueuedPage{.webhook_id = id,
                      .page = page_in(row),
                      .attempts = static_cast<int>(row.integer(5)),
                      .first_attempt_at = row.maybe_instant(6),
                      .queued_at = row.instant(7),
                      .not_before = row.instant(8),
                      .last_error = row.bytes(9),
                      .rejections = static_cast<int>(row.integer(10)),
                      .part = row.integer(11) != 0,
                      .replayed = row.integer(12) != 0};
  });
}

Result<std::optional<Retrying>> SqliteOutbox::retrying(const std::string& id) {
  return state_.read([&](Connection& db) -> std::optional<Retrying> {
    Select row(db,
               "SELECT p.sequence, p.attempts, p.not_before, p.error FROM webhook w CROSS JOIN page p ON p.webhook = "
               "w.number AND p.state = ? WHERE w.id = ? ORDER BY p.sequence LIMIT 1",
               state_queued, id);
    if (!row.next() || row.integer(1) == 0) return std::nullopt;
    return Retrying{.sequence = static_cast<std::uint64_t>(row.integer(0)),
                    .attempts = static_cast<int>(row.integer(1)),
                    .not_before = row.instant(2),
                    .error = row.bytes(3)};
  });
}

Result<std::vector<std::string>> SqliteOutbox::with_queue() {
  return state_.read([](Connection& db) {
    std::vector<std::string> ids;
    Select row(db,
               "SELECT w.id FROM outbox o CROSS JOIN webhook w ON w.number = o.webhook "
               "WHERE o.queued_pages > 0");
    while (row.next()) ids.push_back(row.bytes(0));
    return ids;
  });
}

Result<std::int64_t> SqliteOutbox::bytes() {
  return state_.read([](Connection& db) -> std::int64_t {
    Select row(db, "SELECT queued_bytes FROM outbox WHERE webhook = 0");
    return row.next() ? row.integer(0) : 0;
  });
}

Result<std::int64_t> SqliteOutbox::pages() {
  return state_.read([](Connection& db) -> std::int64_t {
    Select row(db, "SELECT queued_pages FROM outbox WHERE webhook = 0");
    return row.next() ? row.integer(0) : 0;
  });
}

std::vector<Result<void>> SqliteOutbox::delivered(std::span<const Receipt> receipts) {
  std::vector<Committer::Job> jobs;
  jobs.reserve(receipts.size());
  for (const auto& receipt : receipts) {
    jobs.emplace_back([this, &receipt](Connection& db) -> Result<void> {
      const auto& [id, sequence, keep] = receipt;
      const Instant now = state_.now();
      const auto [webhook, page] = queued_page(db, id, sequence);
      const bool kept = keeps(keep);
      const auto changed = kept ? db.run(
                                      "UPDATE page SET state = ?, delivered_at = ?, keep_until = ? "
                                      "WHERE webhook = ? AND state = ? AND sequence = ? AND id = ?",
                                      state_kept, now, now + keep.time, webhook, state_queued, sequence, page)
                                : db.run("DELETE FROM page WHERE webhook = ? AND state = ? AND sequence = ? AND id = ?",
                                         webhook, state_queued, sequence, page);
      if (auto there = one_page(changed, id, sequence, in_the_queue); !there) return there;
      if (!kept) db.run("UPDATE outbox SET last_delivery_at = ? WHERE webhook = ?", now, webhook);
      prune_kept(db, webhook, keep, now);
      return {};
    });
  }
  return state_.write(jobs);
}

Result<void> SqliteOutbox::attempt_failed(const std::string& id, std::uint64_t sequence, Instant not_before,
                                          const std::string& error, bool rejected) {
  return state_.write([&](Connection& db) -> Result<void> {
    const auto changed = db.run(
        "UPDATE page SET attempts = attempts + 1, first_attempt_at = coalesce(first_attempt_at, ?), "
        "not_before = ?, error = ?, rejections = (rejections + 1) * ? WHERE webhook = ? AND state = ? AND sequence = ?",
        state_.now(), not_before, error, rejected, number_of(db, id), state_queued, sequence);
    return one_page(changed, id, sequence, in_the_queue);
  });
}

Result<void> SqliteOutbox::page_died(const std::string& id, std::uint64_t sequence, const std::string& error,
                                     Death death) {
  return state_.write([&](Connection& db) -> Result<void> {
    const auto now = state_.now();
    const auto webhook = number_of(db, id);
    const auto changed = db.run(
        "UPDATE page SET state = ?, died_at = ?, attempts = attempts + 1, "
        "first_attempt_at = coalesce(first_attempt_at, ?), error = ? "
        "WHERE webhook = ? AND state = ? AND sequence = ?",
        death == Death::holding ? state_dead : state_passed, now, now, error, webhook, state_queued, sequence);
    if (death == Death::isolated && changed == 1) renumber_behind(db, webhook, sequence, -1);
    return one_page(changed, id, sequence, in_the_queue);
  });
}

Result<void> SqliteOutbox::split(const std::string& id, std::uint64_t sequence, const Page& first, const Page& second) {
  return state_.write([&](Connection& db) -> Result<void> {
    const auto webhook = number_of(db, id);
    std::optional<Instant> queued_at;
    {
      Select row(db, "SELECT queued_at FROM page WHERE webhook = ? AND state = ? AND sequence = ?", webhook,
                 state_queued, sequence);
      if (row.next()) queued_at = row.instant(0);
    }
    if (!queued_at) return one_page(0, id, sequence, in_the_queue);
    {
      Select sent(db, "SELECT 1 FROM page WHERE webhook = ? AND sequence > ? AND (state <> ? OR attempts > 0) LIMIT 1",
                  webhook, sequence, state_queued);
      if (sent.next())
        return fail(Recourse::give_up, "page " + std::to_string(sequence) + " of webhook " + id +
                                           " can't be split: a page behind it was sent already");
    }
    db.run("DELETE FROM page WHERE webhook = ? AND state = ? AND sequence = ?", webhook, state_queued, sequence);
    renumber_behind(db, webhook, sequence, 1);
    add_part(db, webhook, sequence, first, *queued_at);
    add_part(db, webhook, sequence + 1, second, *queued_at);
    return {};
  });
}

Result<std::vector<DeadPage>> SqliteOutbox::dead(const std::string& id) {
  return state_.read([&](Connection& db) {
    std::vector<DeadPage> pages;
    Select row(db,
               "SELECT p.id, p.sequence, p.type, p.records, b.bytes, p.attempts, p.queued_at, p.died_at, p.error "
               "FROM webhook w CROSS JOIN page p ON p.webhook = w.number AND p.state IN (?, ?) "
               "CROSS JOIN body b ON b.number = p.body WHERE w.id = ? ORDER BY p.sequence, p.died_at",
               state_dead, state_passed, id);
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

Result<void> SqliteOutbox::drop_dead(const std::string& id, const std::string& page_id) {
  return state_.write([&](Connection& db) -> Result<void> {
    const auto changed = db.run("DELETE FROM page WHERE webhook = ? AND state IN (?, ?) AND id = ?", number_of(db, id),
                                state_dead, state_passed, page_id);
    if (changed == 1) return {};
    return fail(Recourse::give_up, "page " + page_id + " of webhook " + id + " is not among the dead pages");
  });
}

}  // namespace vhookd
