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
  auto [at, fresh] = entries_.try_emplace(id);
  Entry& entry = at->second;
  entry.removed = false;
  entry.interval = interval;
  if (entry.under_way && entry.database != database) {
    --databases_[entry.database].under_way;
    ++databases_[database].under_way;
  }
  entry.database = database;
  databases_.try_emplace(database);
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
  queue_.erase({at->second.due, id});
  entries_.erase(at);
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

std::optional<std::string> Timetable::take(Tick now) {
  for (auto at = queue_.begin(); at != queue_.end() && at->first <= now; ++at) {
    Entry& entry = entries_.at(at->second);
    Database& database = databases_.at(entry.database);
    // Whether a database that failed is back is tried by one webhook alone.
    const int places = database.failures > 0 ? 1 : places_;
    if (database.under_way >= places || database.not_before > now) continue;
    std::string id = at->second;
    queue_.erase(at);
    entry.under_way = true;
    ++database.under_way;
    return id;
  }
  return std::nullopt;
}

void Timetable::finished(const std::string& id, Tick now, bool again) {
  const auto at = entries_.find(id);
  if (at == entries_.end() || !at->second.under_way) return;
  Entry& entry = at->second;
  --databases_.at(entry.database).under_way;
  entry.under_way = false;
  if (entry.removed) {
    entries_.erase(at);
    return;
  }
  const bool at_once = again || std::exchange(entry.hurried, false);
  set_due(id, entry, at_once ? now : next_tick(id, entry, now));
}

void Timetable::unreachable(const std::string& id, Tick now) {
  const auto at = entries_.find(id);
  if (at == entries_.end()) return;
  Database& database = databases_.at(at->second.database);
  const auto back_off = std::min(longest_back_off, first_back_off * (1 << std::min(database.failures, 6)));
  ++database.failures;
  database.not_before = now + back_off;
}

void Timetable::reached(const std::string& id) {
  const auto at = entries_.find(id);
  if (at == entries_.end()) return;
  Database& database = databases_.at(at->second.database);
  database.failures = 0;
  database.not_before = Tick{};
}

std::optional<Tick> Timetable::next_due() const {
  std::optional<Tick> earliest;
  for (const auto& [due, id] : queue_) {
    const Database& database = databases_.at(entries_.at(id).database);
    const int places = database.failures > 0 ? 1 : places_;
    if (earliest && due >= *earliest) break;
    if (database.under_way >= places) continue;  // finished() wakes whoever waits
    const Tick ready = std::max(due, database.not_before);
    earliest = earliest ? std::min(*earliest, ready) : ready;
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
  queue_.erase({entry.due, id});
  entry.due = due;
  queue_.emplace(due, id);
}

// The first tick of the webhook's own grid after now.
Tick Timetable::next_tick(const std::string& id, const Entry& entry, Tick now) const {
  const auto interval = std::chrono::duration_cast<Micros>(entry.interval).count();
  const auto phase = static_cast<std::int64_t>(stable_hash(id) % static_cast<std::uint64_t>(interval));
  const auto since = now.time_since_epoch().count() - phase;
  return Tick(Micros(phase + (since / interval + 1) * interval));
}

}  // namespace vhookd
