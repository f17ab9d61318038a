#include "daemon/engine/idle_probes.h"

#include <utility>

#include "daemon/engine/session_pool.h"

namespace vhookd {

IdleProbes::Entry& IdleProbes::entry_of(const config::Database& database) {
  const std::lock_guard lock(mutex_);
  auto& entry = entries_[SessionPool::place_of(database)];
  if (!entry) entry = std::make_unique<Entry>();
  return *entry;
}

std::optional<IdleProbes::Seen> IdleProbes::recent(const config::Database& database, Micros age) {
  Entry& at = entry_of(database);
  const std::lock_guard lock(at.mutex);
  if (!at.seen || clock_.tick() - at.seen->tick > age) return std::nullopt;
  return at.seen;
}

// REQUIRES: entry.mutex held.
std::optional<std::string> IdleProbes::read_held(Entry& entry, const config::Database& database) {
  if (!entry.held) {
    auto made = connect_(database, options_);
    if (!made) return std::nullopt;
    entry.held = std::move(*made);
    ++entry.holds;
  }
  const auto token = entry.held->idle_token();
  if (token && *token) return std::to_string(entry.holds) + " " + **token;
  entry.held.reset();
  return std::nullopt;
}

std::optional<IdleProbes::Seen> IdleProbes::ask(const config::Database& database, Source& source) {
  const auto& can = source.traits().capabilities();
  if (can.idle_token.empty()) return std::nullopt;
  Entry& at = entry_of(database);
  std::unique_lock lock(at.mutex, std::defer_lock);
  if (can.idle_token_needs_session) lock.lock();  // else a slow server would keep everybody from the last answer
  std::optional<Seen> seen = Seen{.token = {}, .asked_at = clock_.now(), .tick = clock_.tick()};
  auto token = can.idle_token_needs_session ? read_held(at, database)
                                            : source.idle_token().value_or(std::optional<std::string>());
  if (token) {
    seen->token = std::move(*token);
  } else {
    seen.reset();
  }
  if (!lock.owns_lock()) lock.lock();
  at.seen = seen;
  return seen;
}

}  // namespace vhookd
