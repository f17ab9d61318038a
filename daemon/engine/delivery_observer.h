// What the delivery loop asks before it sends a webhook's pages, and what it reports of them.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "config/config.h"
#include "core/clock.h"
#include "daemon/engine/engine_metrics.h"
#include "store/store.h"

namespace vhookd {

// Called by the delivery loop's thread alone.
class DeliveryObserver {
 public:
  DeliveryObserver() = default;
  virtual ~DeliveryObserver() = default;
  DeliveryObserver(const DeliveryObserver&) = delete;
  DeliveryObserver& operator=(const DeliveryObserver&) = delete;

  // The webhook's configuration where pages may go out for it now, from its queue or as a replay; null: it is paused,
  // held or gone.
  virtual std::shared_ptr<const config::Webhook> sendable(const std::string& id, bool replay) = 0;
  // How long and how much of what is delivered is kept.
  virtual Keep keep(const config::Webhook& webhook) = 0;

  virtual void delivered(const std::string& id) = 0;
  // `lasting`: nothing more is tried by itself (410, retries spent).
  virtual void failed(const std::string& id, const std::string& error, bool lasting) = 0;
  // Pages of it that were dead are delivered or dropped.
  virtual void dead_changed(const std::string& id) = 0;
  // An attempt ended. `waited`: since the page was queued, where it was delivered.
  virtual void attempted(const std::string& id, Attempted outcome, Micros took, std::optional<Micros> waited) = 0;
};

}  // namespace vhookd
