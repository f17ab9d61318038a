#include "daemon/engine/health_tracker.h"

#include <algorithm>

#include "daemon/output/log.h"

namespace vhookd {

void HealthTracker::restore(const WebhookState& state) {
  const MutexLock lock(mutex_);
  entries_.erase(state.id);
  if (state.healthy && state.last_error.empty()) return;
  Health& health = entries_[state.id].health;
  health.healthy = state.healthy;
  health.error = state.last_error;
  if (state.healthy) return;
  // What was wrong before a restart stays wrong until the same side succeeds.
  Side& side = state.queued_pages > 0 || state.dead_pages > 0 ? health.deliveries : health.polls;
  side = {.failed_in_a_row = state.failed_in_a_row, .healthy = false, .last_error = state.last_error};
}

void HealthTracker::forget(const std::string& id) {
  const MutexLock lock(mutex_);
  entries_.erase(id);
}

void HealthTracker::poll_succeeded(const std::string& id) {
  {
    const MutexLock lock(mutex_);
    if (!entries_.contains(id)) return;
  }
  update(id, [](Health& health) { health.polls.succeeded(); });
}

void HealthTracker::poll_failed(const std::string& id, const std::string& error, bool lasting) {
  update(id, [&](Health& health) { health.polls.failed(error, lasting); });
}

void HealthTracker::delivery_succeeded(const std::string& id) {
  {
    const MutexLock lock(mutex_);
    if (!entries_.contains(id)) return;
  }
  update(id, [](Health& health) { health.deliveries.succeeded(); });
}

void HealthTracker::delivery_failed(const std::string& id, const std::string& error, bool lasting) {
  update(id, [&](Health& health) { health.deliveries.failed(error, lasting); });
}

HealthTracker::Health HealthTracker::health(const std::string& id) const {
  const MutexLock lock(mutex_);
  const auto at = entries_.find(id);
  return at == entries_.end() ? Health{} : at->second.health;
}

template <class Change>
void HealthTracker::update(const std::string& id, Change change) {
  bool turned = false;
  bool writes = false;
  Health after;
  {
    const MutexLock lock(mutex_);
    Entry& entry = entries_[id];
    Health& health = entry.health;
    change(health);
    const bool healthy = health.polls.healthy && health.deliveries.healthy;
    std::string error = !health.polls.healthy        ? health.polls.last_error
                        : !health.deliveries.healthy ? health.deliveries.last_error
                                                     : "";
    turned = healthy != health.healthy;
    // What can't be written is shown all the same: least of all a full disk may look healthy.
    if (turned || error != health.error) entry.stored = false;
    health.healthy = healthy;
    health.error = std::move(error);
    if (!entry.stored && !entry.writing) writes = entry.writing = true;
    if (turned) after = health;
    drop_if_default(id);
  }
  if (turned && after.healthy) {
    log_event(Level::info, "healthy", {{"webhook", id}});
  } else if (turned) {
    log_event(Level::error, "unhealthy", {{"webhook", id}, {"error", after.error}});
  }
  if (writes) write(id);
}

// The state gets the health as it is now; where it changes meanwhile, once more.
void HealthTracker::write(const std::string& id) {
  for (;;) {
    Health written;
    {
      const MutexLock lock(mutex_);
      const auto at = entries_.find(id);
      if (at == entries_.end()) return;  // removed meanwhile
      written = at->second.health;
    }
    const int failed = std::max(written.polls.failed_in_a_row, written.deliveries.failed_in_a_row);
    const auto stored = records_.set_health(id, written.healthy, failed, written.error);
    MutexLock lock(mutex_);
    const auto at = entries_.find(id);
    if (at == entries_.end()) return;
    Entry& entry = at->second;
    if (stored && (entry.health.healthy != written.healthy || entry.health.error != written.error)) continue;
    entry.writing = false;
    entry.stored = stored.has_value();
    // Without state the webhook was removed, and an outcome came too late.
    const bool gone = !stored && stored.error().recourse == Recourse::give_up;
    if (gone) entries_.erase(at);
    if (!gone) drop_if_default(id);
    lock.unlock();
    if (!stored && !gone) log_event(Level::error, "state-failed", {{"webhook", id}, {"error", stored.error().message}});
    return;
  }
}

void HealthTracker::drop_if_default(const std::string& id) {
  const auto at = entries_.find(id);
  if (at->second.stored && !at->second.writing && at->second.health == Health{}) entries_.erase(at);
}

}  // namespace vhookd
