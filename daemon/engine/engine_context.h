// What the parts of the engine have in common. All of it is thread-safe and outlives them.
#pragma once

#include "core/clock.h"
#include "core/guarded.h"
#include "daemon/engine/engine_metrics.h"
#include "daemon/engine/health_tracker.h"
#include "daemon/engine/webhook_registry.h"
#include "store/store.h"

namespace vhookd {

struct EngineContext {
  Store& store;
  const Clock& clock;
  WebhookRegistry& registry;
  HealthTracker& health;
  Guarded<EngineMetrics>& metrics;
};

}  // namespace vhookd
