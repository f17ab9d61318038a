#include "daemon/engine/delivery_recorder.h"

#include <algorithm>
#include <chrono>

namespace vhookd {

std::shared_ptr<const config::Webhook> DeliveryRecorder::sendable(const std::string& id, bool replay) {
  const auto registered = context_.registry.find(id);
  if (!registered || !registered->runs()) return nullptr;
  if (replay) return once_ ? nullptr : registered->webhook;  // `run --once` ends when the queues are empty
  // A dead page holds back what follows it: order is kept until it is replayed or dropped.
  if (registered->holding_pages > 0 && registered->webhook->delivery->on_dead == config::OnDead::hold) return nullptr;
  if (once_ && context_.health.health(id).deliveries.failed_in_a_row > 0) return nullptr;
  return registered->webhook;
}

Keep DeliveryRecorder::keep(const config::Webhook& webhook) {
  return {.time = webhook.delivery->keep.time,
          .bytes = webhook.delivery->keep.bytes,
          .bytes_in_all = context_.registry.limits().kept_bytes};
}

void DeliveryRecorder::delivered(const std::string& id) {
  context_.health.delivery_succeeded(id);
  polls_.room_made(id);
}

void DeliveryRecorder::failed(const std::string& id, const std::string& error, bool lasting) {
  if (!context_.registry.contains(id)) return;
  if (once_) any_failed_ = true;
  if (lasting)
    if (const auto now = context_.registry.refresh(id)) polls_.update(now->webhook);
  context_.health.delivery_failed(id, error, lasting);
}

// Where no dead page is left they are no reason to be unhealthy.
void DeliveryRecorder::dead_changed(const std::string& id) {
  const auto now = context_.registry.refresh(id);
  if (now && now->state.dead_pages == 0 && now->state.queued_pages == 0) context_.health.delivery_succeeded(id);
}

void DeliveryRecorder::attempted(const std::string& id, Attempted outcome, Micros took, std::optional<Micros> waited) {
  context_.metrics.with([&](EngineMetrics& metrics) {
    metrics.attempts.observe(std::chrono::duration<double>(took).count());
    // The wall clock may have been set back meanwhile.
    if (waited) metrics.waits.observe(std::max(0.0, std::chrono::duration<double>(*waited).count()));
  });
  if (!context_.registry.contains(id)) return;
  attempts_.with([&](auto& attempts) { ++attempts[id][static_cast<std::size_t>(outcome)]; });
}

DeliveryRecorder::Attempts DeliveryRecorder::attempts(const std::string& id) {
  return attempts_.with([&](const auto& attempts) {
    const auto at = attempts.find(id);
    return at == attempts.end() ? Attempts{} : at->second;
  });
}

void DeliveryRecorder::forget(const std::string& id) {
  attempts_.with([&](auto& attempts) { attempts.erase(id); });
}

}  // namespace vhookd
