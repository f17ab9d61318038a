#include "daemon/engine/idle_probes.h"

#include <utility>

#include "daemon/engine/connection_key.h"

namespace vhookd {

IdleProbes::Place& IdleProbes::place(const config::Database& database) {
  const MutexLock lock(mutex_);
  auto& place = places_[connection_key(database)];
  if (!place) place = std::make_unique<Place>();
  return *place;
}

std::optional<IdleProbes::Seen> IdleProbes::recent(const config::Database& database, Micros age) {
  Place& at = place(database);
  const MutexLock lock(at.mutex);
  if (!at.seen || clock_.tick() - at.seen->tick > age) return std::nullopt;
  return at.seen;
}

std::optional<std::string> IdleProbes::read(Connector& session, const IdleProbe& probe) {
  std::optional<std::string> token;
  const auto done = session.read(probe.query, [&](Row row) {
    if (!row.empty() && !row[0].null) token = row[0].text;
    return true;
  });
  if (!done) return std::nullopt;
  return token;
}

std::optional<std::string> IdleProbes::read_held(Place& place, const config::Database& database,
                                                 const IdleProbe& probe) {
  if (!place.held) {
    auto made = connect_(database, options_);
    if (!made) return std::nullopt;
    place.held = std::move(*made);
    ++place.holds;
  }
  const auto token = read(*place.held, probe);
  if (!token) place.held.reset();
  return token ? std::optional(std::to_string(place.holds) + " " + *token) : std::nullopt;
}

std::optional<IdleProbes::Seen> IdleProbes::ask(const config::Database& database, Connector& session) {
  const auto probe = idle_probe(dialect_of(database.type));
  if (!probe) return std::nullopt;
  Place& at = place(database);
  const auto asked_now = [this] { return Seen{.token = {}, .asked_at = clock_.now(), .tick = clock_.tick()}; };
  const auto with_token = [](Seen seen, std::optional<std::string> token) -> std::optional<Seen> {
    if (!token) return std::nullopt;
    seen.token = std::move(*token);
    return seen;
  };
  if (probe->held_open) {
    const MutexLock lock(at.mutex);
    const Seen asked = asked_now();
    at.seen = with_token(asked, read_held(at, database, *probe));
    return at.seen;
  }
  const Seen asked = asked_now();
  auto seen = with_token(asked, read(session, *probe));  // without the lock: others read the last answer meanwhile
  const MutexLock lock(at.mutex);
  at.seen = seen;
  return seen;
}

}  // namespace vhookd
