#include "daemon/engine/idle_probes.h"

#include <utility>

#include "daemon/engine/connection_key.h"

namespace vhookd {

IdleProbes::Entry& IdleProbes::entry_of(const config::Database& database) {
  const MutexLock lock(mutex_);
  auto& entry = entries_[connection_key(database)];
  if (!entry) entry = std::make_unique<Entry>();
  return *entry;
}

std::optional<IdleProbes::Seen> IdleProbes::recent(const config::Database& database, Micros age) {
  Entry& at = entry_of(database);
  const MutexLock lock(at.mutex);
  if (!at.seen || clock_.tick() - at.seen->tick > age) return std::nullopt;
  return at.seen;
}

std::optional<std::string> IdleProbes::read(HeldSession& held, const config::Database& database) const {
  if (!held.session) {
    auto made = connect_(database, options_);
    if (!made) return std::nullopt;
    held.session = std::move(*made);
    ++held.number;
  }
  const auto token = held.session->idle_token();
  if (token && *token) return std::to_string(held.number) + " " + **token;
  held.session.reset();
  return std::nullopt;
}

std::optional<IdleProbes::Seen> IdleProbes::ask(const config::Database& database, Source& source) {
  const auto& can = source.traits().capabilities();
  if (can.idle_token.empty()) return std::nullopt;
  Entry& at = entry_of(database);
  const auto asked_now = [this] { return Seen{.token = {}, .asked_at = clock_.now(), .tick = clock_.tick()}; };
  const auto with_token = [](Seen seen, std::optional<std::string> token) -> std::optional<Seen> {
    if (!token) return std::nullopt;
    seen.token = std::move(*token);
    return seen;
  };
  if (can.idle_token_needs_session) {
    MutexLock lock(at.mutex);
    while (at.asking) at.answered.wait(lock);
    at.asking = true;
    HeldSession held = std::move(at.held);
    lock.unlock();
    const Seen asked = asked_now();
    auto seen = with_token(asked, read(held, database));
    lock.lock();
    at.asking = false;
    at.answered.notify_all();
    at.held = std::move(held);
    at.seen = seen;
    return seen;
  }
  const Seen asked = asked_now();
  // Without the lock: others read the last answer meanwhile.
  auto seen = with_token(asked, source.idle_token().value_or(std::optional<std::string>()));
  const MutexLock lock(at.mutex);
  at.seen = seen;
  return seen;
}

}  // namespace vhookd
