#include "scheduler/timetable.h"

#include <algorithm>
#include <utility>

namespace vhookd {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds first_back_off = std::chrono::seconds(1);
constexpr milliseconds longest_back_off = std::chrono::seconds(60);

// FNV-1a: stable over builds and machines, which std::hash is not.
std::uint64_t stable_hash(const std::string& text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

}  // namespace

void Timetable::add(const std::string& id, const std::string& database, milliseconds interval, Tick now) {
  const auto its = databases_.try_emplace(database).first;
  auto [at, fresh] = entries_.try_emplace(id);
  Entry& entry = at->second;
  entry.removed = false;
  entry.interval = interval;
  if (!fresh && entry.database != its) {
    const auto before = entry.database;
    if (entry.under_way) {
      --before->second.under_way;
      ++its->second.under_way;
    } else {
      before->second.queue.erase({entry.due, id});
    }
    drop_if_idle(before);
  }
  entry.database = its;
  if (fresh) {
    set_due(id, entry, now);
  } else if (!entry.under_way) {
    set_due(id, entry, std::min(entry.due, now + interval));
  }
}

void Timetable::remove(const std::string& id) {
  const auto at = entries_.find(id);
  if (at == entries_.end()) return;
  if (at->second.under_way) {
    at->second.removed = true;
    return;
  }
  const auto database = at->second.database;
  database->second.queue.erase({at->second.due, id});
  entries_.erase(at);
  drop_if_idle(database);
}

void Timetable::hurry(const std::string& id, Tick now) {
  const auto at = entries_.find(id);
  if (at == entries_.end()) return;
  if (at->second.under_way) {
    at->second.hurried = true;
  } else {
    set_due(id, at->second, std::min(at->second.due, now));
  }
}

// Whether a database that failed is back is tried by one webhook alone.
bool Timetable::has_place(const Database& database) const {
  return database.under_way < (database.failures > 0 ? 1 : places_);
}

bool Timetable::is_due(const std::pair<Tick, std::string>& first, Tick now, bool early) const {
  if (first.first <= now) return true;
  return early && first.first - now <= Micros(entries_.at(first.second).interval) / 1000;
}

std::optional<std::string> Timetable::take(Tick now, bool early) {
  Database* longest = nullptr;
  for (auto& item : databases_) {
    Database& database = item.second;
    if (database.queue.empty() || !has_place(database) || database.not_before > now) continue;
    if (longest == nullptr || *database.queue.begin() < *longest->queue.begin()) longest = &database;
  }
  if (longest == nullptr || !is_due(*longest->queue.begin(), now, early)) return std::nullopt;
  std::string id = longest->queue.begin()->second;
  longest->queue.erase(longest->queue.begin());
  entries_.at(id).under_way = true;
  ++longest->under_way;
  return id;
}

void Timetable::finished(const std::string& id, Tick now, bool again) {
  const auto at = entries_.find(id);
  if (at == entries_.end() || !at->second.under_way) return;
  Entry& entry = at->second;
  --entry.database->second.under_way;
  entry.under_way = false;
  if (entry.removed) {
    const auto database = entry.database;
    entries_.erase(at);
    drop_if_idle(database);
    return;
  }
  const bool hurried = std::exchange(entry.hurried, false);
  // Taken early and already done, it must not come due once more for the same tick.
  set_due(id, entry, again || hurried ? now : next_tick(id, entry, std::max(now, entry.due)));
}

void Timetable::unreachable(const std::string& id, Tick now) {
  const auto at = entries_.find(id);
  if (at == entries_.end()) return;
  Database& database = at->second.database->second;
  if (database.not_before > now) return;  // one of several that were under way when it went: said already
  const auto back_off = std::min(longest_back_off, first_back_off * (1 << std::min(database.failures, 6)));
  ++database.failures;
  database.not_before = now + back_off;
}

void Timetable::reached(const std::string& id) {
  const auto at = entries_.find(id);
  if (at == entries_.end()) return;
  Database& database = at->second.database->second;
  database.failures = 0;
  database.not_before = Tick{};
}

std::optional<Tick> Timetable::next_due() const {
  std::optional<Tick> earliest;
  for (const auto& item : databases_) {
    const Database& database = item.second;
    if (database.queue.empty() || !has_place(database)) continue;  // finished() wakes whoever waits
    const Tick ready = std::max(database.queue.begin()->first, database.not_before);
    earliest = std::min(ready, earliest.value_or(ready));
  }
  return earliest;
}

std::optional<Tick> Timetable::due(const std::string& id) const {
  const auto at = entries_.find(id);
  if (at == entries_.end()) return std::nullopt;
  return at->second.due;
}

bool Timetable::under_way(const std::string& id) const {
  const auto at = entries_.find(id);
  return at != entries_.end() && at->second.under_way;
}

void Timetable::set_due(const std::string& id, Entry& entry, Tick due) {
  auto& queue = entry.database->second.queue;
  queue.erase({entry.due, id});
  entry.due = due;
  queue.emplace(due, id);
}

void Timetable::drop_if_idle(Databases::iterator database) {
  if (database->second.queue.empty() && database->second.under_way == 0) databases_.erase(database);
}

// The first tick of the webhook's own grid after now.
Tick Timetable::next_tick(const std::string& id, const Entry& entry, Tick now) const {
  const auto interval = std::chrono::duration_cast<Micros>(entry.interval).count();
  const auto phase = static_cast<std::int64_t>(stable_hash(id) % static_cast<std::uint64_t>(interval));
  // Soon after a boot the monotonic clock may not have reached the phase yet; the sum is positive all the same.
  const auto until = now.time_since_epoch().count() - phase + interval;
  return Tick(Micros(phase + until / interval * interval));
}

}  // namespace vhookd
