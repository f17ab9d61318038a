// The daemon's figures as Prometheus' text format (version 0.0.4), in pieces: a hundred thousand webhooks make a
// hundred megabytes of it. Pure. docs/operations.md lists every metric with what to do; tests/docs/operations_test.cc
// holds the two together.
//
// Labels are bounded: a webhook's id, and words of vhookd's own. No text of an error, a URL or a row is ever a label.
// Durations are histograms over all webhooks: one for each webhook would be forty times a webhook's other series.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "daemon/engine/control.h"
#include "daemon/engine/engine_metrics.h"
#include "daemon/engine/process_facts.h"

namespace vhookd {

// What is shown of one webhook. All of them are held while an answer goes out, so each holds nothing of its own.
struct MeasuredWebhook {
  std::shared_ptr<const config::Webhook> webhook;
  std::string strategy;  // so short that it stands here
  bool healthy = true;
  bool paused = false;
  double lag_seconds = 0;
  std::optional<Instant> checked_at, next_check_at, last_delivery_at;
  std::int64_t queued_pages = 0;
  std::int64_t queued_bytes = 0;
  std::int64_t dead_pages = 0;
  WebhookMetrics counted;
};

// All that is shown at one scrape.
struct Measurements {
  std::vector<MeasuredWebhook> webhooks;
  EngineMetrics counters;
  std::int64_t outbox_bytes = 0;
  std::int64_t outbox_limit_bytes = 0;
  std::int64_t state_bytes = 0;  // of state.db and its log
  ProcessFacts process;
};

inline constexpr auto metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";
// Each a little more than `piece_bytes`, but for the last.
Pieces metrics_pieces(Measurements measured, std::size_t piece_bytes = 256 << 10);

}  // namespace vhookd
