// The daemon's engine: polls webhooks as they come due, delivers their pages, keeps their health, answers what Control
// asks. This class composes the parts and owns the threads:
//   WebhookRegistry   what runs, and under which configuration
//   PollLoop          when each webhook is polled, and by which worker; PollRunner makes one poll
//   DeliveryLoop      when each page is sent; DeliveryRecorder notes what that means for its webhook
//   HealthTracker     who is healthy
//   WebhookChanges    start, reload, create, change, remove, pause
//   StatusReports     how webhooks stand
//   Administration    Control
// Each has a lock of its own, or none. None calls another, logs, or does any I/O while it holds it.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "config/config.h"
#include "config/load.h"
#include "connectors/connector.h"
#include "core/clock.h"
#include "core/guarded.h"
#include "daemon/engine/administration.h"
#include "daemon/engine/control.h"
#include "daemon/engine/delivery_loop.h"
#include "daemon/engine/delivery_recorder.h"
#include "daemon/engine/health_tracker.h"
#include "daemon/engine/poll_loop.h"
#include "daemon/engine/status_reports.h"
#include "daemon/engine/webhook_changes.h"
#include "daemon/engine/webhook_registry.h"
#include "delivery/transport.h"
#include "store/store.h"

namespace vhookd {

class Engine {
 public:
  // Everything passed by reference outlives the engine.
  struct Parts {
    Store& store;
    Transport& transport;
    const Clock& clock;
    Connect connect;
    ConnectOptions connect_options;
    std::function<std::string()> random_id;
    std::function<double()> random;  // [0, 1)
    WebhookChanges::Load load;
    config::SecretSources secrets;  // for webhooks kept in state
    Poller::Sizes sizes = {};
    bool single_threaded = false;  // step() drives it, not start()'s threads
  };
  Engine(const Parts& parts, config::Config config);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // An error where the state can't be read; nothing is started then.
  Result<void> start();
  // Finishes POSTs under way (10 s), polls stop at the next row. Idempotent.
  void stop();

  // Polls every webhook once and delivers what there is; true: all went well. `interrupted` is asked now
  // and then. Instead of start().
  bool run_once(const std::function<bool()>& interrupted);

  // What start()'s threads do, on the caller's: polls the webhook that is longest due, if one is, and takes one turn of
  // the delivery loop. REQUIRES: single_threaded, and started.
  struct Step {
    std::optional<PollLoop::Step> poll;
    std::optional<Tick> next;  // when something is due; may be in the past. None: nothing is, before something happens
  };
  Step step();
  // The second half alone, for what happens while a poll is at its database.
  void delivery_step();
  bool deliveries_idle() { return deliveries_.idle(); }  // nothing is under way or due, now or later

  Control& control() { return administration_; }

 private:
  Result<void> prepare();
  void start_threads(int polls);

  const bool single_threaded_;
  Store& store_;
  Transport& transport_;
  const Clock& clock_;
  std::vector<config::Webhook> webhooks_;  // of the YAML, until they are registered
  Guarded<EngineMetrics> metrics_;
  WebhookRegistry registry_;
  HealthTracker health_;
  const EngineContext context_;
  PollLoop polls_;
  DeliveryRecorder recorder_;
  DeliveryLoop deliveries_;
  StatusReports reports_;
  WebhookChanges changes_;
  Administration administration_;

  std::atomic<bool> stopping_ = false;
  std::vector<std::thread> workers_;
  std::thread delivery_;
};

}  // namespace vhookd
