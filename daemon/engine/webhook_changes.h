// What brings webhooks in and out of the engine or changes them: the start, reloads, the API, pauses. Thread-safe: one
// change is made at a time, others wait for it. The mutex that sees to that guards no data that polls, deliveries or
// status ask for, so changes may take as long as the store and the configuration's files do.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "config/load.h"
#include "config/stored.h"
#include "core/mutex.h"
#include "daemon/engine/control.h"
#include "daemon/engine/delivery_loop.h"
#include "daemon/engine/delivery_recorder.h"
#include "daemon/engine/engine_context.h"
#include "daemon/engine/poll_loop.h"
#include "daemon/engine/status_reports.h"
#include "delivery/transport.h"

namespace vhookd {

class WebhookChanges {
 public:
  using Load = std::function<std::expected<config::Config, config::Errors>()>;
  struct Parts {
    PollLoop& polls;
    DeliveryLoop& deliveries;
    DeliveryRecorder& recorder;
    StatusReports& reports;
    Transport& transport;
    Load load;                      // reads the configuration again
    config::SecretSources secrets;  // for webhooks kept in state
  };
  WebhookChanges(const EngineContext& context, Parts parts) : context_(context), parts_(std::move(parts)) {}

  // Takes up the webhooks of the YAML and those kept in state. An error where the state can't be read.
  Result<void> start(std::vector<config::Webhook> webhooks) EXCLUDES(changing_);
  bool started() const { return started_; }

  // As Control has them.
  Answer<ReloadReport> reload() EXCLUDES(changing_);
  Answer<WebhookStatus> create(const std::string& body, std::optional<bool> include_all) EXCLUDES(changing_);
  Answer<WebhookStatus> change(const std::string& id, const std::string& body) EXCLUDES(changing_);
  Answer<WebhookStatus> remove(const std::string& id) EXCLUDES(changing_);
  Answer<WebhookStatus> set_paused(const std::string& id, bool paused) EXCLUDES(changing_);

 private:
  // A webhook kept in state, as the configuration reads it now.
  struct Stored {
    std::shared_ptr<const config::Webhook> webhook;
    config::Errors errors;
  };
  // All of them: those that are new or have changed, and the order of all that run.
  struct StoredWebhooks {
    std::vector<Registration> changed;
    std::vector<std::string> order;
  };

  Stored read(config::StoredReader& reader, const config::Config& config, const std::string& id,
              const std::string& json) const;
  Result<Registration> with_state(std::shared_ptr<const config::Webhook> webhook, std::optional<ApiDefinition> by_api);
  Result<StoredWebhooks> read_stored(const config::Config& config, const std::set<std::string>& of_the_yaml);
  std::vector<Registration> read_changed(const config::Config& loaded, const std::vector<std::string>& added,
                                         const std::vector<std::string>& changed);
  void take_up(const Registration& registration, bool anew);
  void put(const Registration& registration);
  void refuse_reload(const config::Errors& errors);
  Answer<void> pause(const std::string& id, bool paused) REQUIRES(changing_);
  Answer<void> redefine(const std::string& id, const std::string& json) REQUIRES(changing_);

  const EngineContext context_;
  const Parts parts_;
  Mutex changing_;
  std::atomic<bool> started_ = false;
};

}  // namespace vhookd
