// The daemon's figures as Prometheus' text format (version 0.0.4). Pure. docs/operations.md lists every metric with
// what to do; tests/docs/operations_test.cc holds the two together.
//
// Labels are bounded: a webhook's id, and words of vhookd's own. No text of an error, a URL or a row is ever a label.
// Durations are histograms over all webhooks: one for each webhook would be forty times a webhook's other series.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/control.h"
#include "daemon/process_facts.h"
#include "daemon/tally.h"

namespace vhookd {

// All that is shown at one scrape.
struct Measurements {
  std::vector<WebhookStatus> webhooks;  // without their runs
  Tally tally;
  std::int64_t outbox_bytes = 0;
  std::int64_t outbox_limit_bytes = 0;
  std::int64_t state_bytes = 0;  // of state.db and its log
  ProcessFacts process;
};

inline constexpr auto metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";
std::string metrics_text(const Measurements& measured);

}  // namespace vhookd
