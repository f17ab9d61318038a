// The webhooks that the daemon runs and the configuration they run under: what the YAML says, what was made through the
// API, and what the state says of their pauses and dead pages. Thread-safe. Answers are values: nothing here refers
// into the registry after a call.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/config.h"
#include "core/mutex.h"
#include "core/sparse_field.h"
#include "store/webhook_records.h"

namespace vhookd {

// A webhook made through the API and kept in state.
struct ApiDefinition {
  std::string json;     // as kept in state
  std::string invalid;  // why it can't run, though it is kept; empty: it runs
  bool operator==(const ApiDefinition&) const = default;
};

struct RegisteredWebhook {
  std::shared_ptr<const config::Webhook> webhook;
  bool by_api = false;  // made through the API; else it stands in the YAML
  std::string invalid;  // of ApiDefinition
  bool paused_in_state = false;
  std::int64_t holding_pages = 0;  // dead pages that the following ones wait for
  std::uint64_t version = 0;       // grows with each change of this webhook

  bool paused() const { return paused_in_state || webhook->is_paused; }
  bool runs() const { return !paused() && invalid.empty(); }
};

// A webhook that is to be registered, with what the state says of it.
struct Registration {
  std::shared_ptr<const config::Webhook> webhook;
  std::optional<ApiDefinition> by_api;
  WebhookState state;
  std::uint64_t version = 0;  // WebhookRegistry::next_version(), taken before the state was read
};

class WebhookRegistry {
 public:
  // The webhooks in `config` are not looked at: they are registered one by one.
  WebhookRegistry(WebhookRecords& records, config::Config config) : records_(records), config_(std::move(config)) {}

  std::optional<RegisteredWebhook> find(const std::string& id) const EXCLUDES(mutex_);
  bool contains(const std::string& id) const EXCLUDES(mutex_);
  // At most `most` ids from place `from` of the configuration's order on; those made through the API come last.
  std::vector<std::string> ids(std::size_t from, std::size_t most) const EXCLUDES(mutex_);
  std::vector<std::string> ids() const EXCLUDES(mutex_);
  std::size_t size() const EXCLUDES(mutex_);
  std::size_t made_by_api() const EXCLUDES(mutex_);
  std::string definition(const std::string& id) const EXCLUDES(mutex_);  // empty: the YAML's, or none
  // Those of the YAML as they run, in its order.
  std::vector<std::shared_ptr<const config::Webhook>> of_the_yaml() const EXCLUDES(mutex_);

  config::Config config() const EXCLUDES(mutex_);  // without its webhooks
  config::Limits limits() const EXCLUDES(mutex_);

  // Orders what is read from the state: of two readings the one with the later version is true.
  std::uint64_t next_version() EXCLUDES(mutex_);
  // Takes the place of a webhook of the same id; a new one comes last in the order.
  void put(const Registration& registration) EXCLUDES(mutex_);
  void remove(const std::string& id) EXCLUDES(mutex_);
  // A reload, as one step: `order` lists all ids that are there afterwards.
  void replace(std::span<const std::string> removed, std::span<const Registration> put, std::vector<std::string> order,
               config::Config config) EXCLUDES(mutex_);

  // Reads from the store what may have changed there: pause and dead pages. None: no such webhook, or it can't be read.
  // Both values are as of this reading, or a later one.
  struct Refreshed {
    RegisteredWebhook webhook;
    WebhookState state;
  };
  std::optional<Refreshed> refresh(const std::string& id) EXCLUDES(mutex_);
  // Paused although the state could not take it. None: no such webhook.
  std::optional<RegisteredWebhook> assume_paused(const std::string& id) EXCLUDES(mutex_);

 private:
  struct Entry {
    std::shared_ptr<const config::Webhook> webhook;
    bool by_api = false;
    bool paused_in_state = false;
    std::int64_t holding_pages = 0;
    std::uint64_t version = 0;
    SparseField<ApiDefinition> definition;
  };

  static RegisteredWebhook registered(const Entry& entry);
  void put_locked(const Registration& registration) REQUIRES(mutex_);

  WebhookRecords& records_;
  mutable Mutex mutex_;
  config::Config config_ GUARDED_BY(mutex_);
  std::unordered_map<std::string, Entry> entries_ GUARDED_BY(mutex_);
  std::vector<std::string> order_ GUARDED_BY(mutex_);
  std::uint64_t version_ GUARDED_BY(mutex_) = 0;
};

}  // namespace vhookd
