// What deliveries mean for a webhook: whether its pages may go out, its health, its pause, its polls that wait for room
// in the outbox, and what is counted. Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "core/guarded.h"
#include "daemon/engine/delivery_observer.h"
#include "daemon/engine/engine_context.h"
#include "daemon/engine/poll_loop.h"

namespace vhookd {

class DeliveryRecorder final : public DeliveryObserver {
 public:
  using Attempts = decltype(WebhookMetrics::attempts);

  DeliveryRecorder(const EngineContext& context, PollLoop& polls) : context_(context), polls_(polls) {}

  std::shared_ptr<const config::Webhook> sendable(const std::string& id, bool replay) override;
  Keep keep(const config::Webhook& webhook) override;
  void delivered(const std::string& id) override;
  void failed(const std::string& id, const std::string& error, bool lasting) override;
  void dead_changed(const std::string& id) override;
  void attempted(const std::string& id, Attempted outcome, Micros took, std::optional<Micros> waited) override;

  Attempts attempts(const std::string& id);  // by Attempted
  void forget(const std::string& id);        // the webhook was removed

  // Each webhook's pages are tried until one is refused, and nothing is replayed. Before the first delivery.
  void send_each_once() { once_ = true; }
  bool any_failed() const { return any_failed_; }

 private:
  const EngineContext context_;
  PollLoop& polls_;
  bool once_ = false;
  std::atomic<bool> any_failed_ = false;
  Guarded<std::unordered_map<std::string, Attempts>> attempts_;  // of webhooks that have any
};

}  // namespace vhookd
