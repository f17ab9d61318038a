// How webhooks stand: what the configuration, the state, polls and deliveries say of each, as one answer. Thread-safe.
// Asks the store, and no database.
#pragma once

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "daemon/engine/control.h"
#include "daemon/engine/delivery_recorder.h"
#include "daemon/engine/engine_context.h"
#include "daemon/engine/metrics.h"
#include "daemon/engine/poll_loop.h"

namespace vhookd {

class StatusReports {
 public:
  StatusReports(const EngineContext& context, PollLoop& polls, DeliveryRecorder& deliveries)
      : context_(context), polls_(polls), deliveries_(deliveries) {}

  // The three below as Control has them.
  Answer<std::size_t> each(std::size_t from, std::size_t most, const Visit& visit);
  Answer<Counts> counts();
  Answer<WebhookStatus> get(const std::string& id);
  Answer<Pieces> metrics();
  // Webhooks that are neither paused nor healthy: "ID: why".
  std::vector<std::string> unhealthy();

 private:
  struct Known {
    RegisteredWebhook registered;
    PollView polls;
    HealthTracker::Health health;
  };
  using OnKnown = std::function<void(const Known& known, WebhookState state)>;

  std::optional<Known> known(const std::string& id, Tick now);
  Answer<void> walk(std::size_t from, std::size_t most, const OnKnown& on_known);
  WebhookStatus status(const Known& known, WebhookState state);
  MeasuredWebhook measured(const Known& known, const WebhookState& state);

  const EngineContext context_;
  PollLoop& polls_;
  DeliveryRecorder& deliveries_;
};

}  // namespace vhookd
