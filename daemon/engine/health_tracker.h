// The health of webhooks as their polls and deliveries leave it, and its copy in the state. Thread-safe. Nothing is
// logged or written under the lock.
#pragma once

#include <string>
#include <unordered_map>

#include "core/mutex.h"
#include "scheduler/health.h"
#include "store/webhook_records.h"

namespace vhookd {

class HealthTracker {
 public:
  explicit HealthTracker(WebhookRecords& records) : records_(records) {}

  // As the state has it, for a webhook that this process does not know yet.
  void restore(const WebhookState& state) EXCLUDES(mutex_);
  void forget(const std::string& id) EXCLUDES(mutex_);

  // Each notes an outcome, logs a change of health, and returns when the state has it, or has refused it: then it is
  // written with the next outcome. `lasting`: nothing more is tried by itself.
  void poll_succeeded(const std::string& id) EXCLUDES(mutex_);
  void poll_failed(const std::string& id, const std::string& error, bool lasting) EXCLUDES(mutex_);
  void delivery_succeeded(const std::string& id) EXCLUDES(mutex_);
  void delivery_failed(const std::string& id, const std::string& error, bool lasting) EXCLUDES(mutex_);

  struct Health {
    Side polls;
    Side deliveries;
    bool healthy = true;  // of both sides
    std::string error;    // why not
    bool operator==(const Health&) const = default;
  };
  Health health(const std::string& id) const EXCLUDES(mutex_);

 private:
  // Held only for webhooks whose health is not the default, which are few.
  struct Entry {
    Health health;
    bool stored = true;    // the state has it
    bool writing = false;  // one thread writes it to the state at a time
  };

  template <class Change>
  void update(const std::string& id, Change change);
  void write(const std::string& id);
  void drop_if_default(const std::string& id) REQUIRES(mutex_);

  WebhookRecords& records_;
  mutable Mutex mutex_;
  std::unordered_map<std::string, Entry> entries_ GUARDED_BY(mutex_);
};

}  // namespace vhookd
