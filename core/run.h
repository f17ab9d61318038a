// The record of one poll of one webhook, as stored and shown.
#pragma once

#include <cstdint>
#include <string>

#include "core/clock.h"

namespace vhookd {

struct Run {
  Instant started_at;
  bool ok = true;
  int pages = 0;
  std::int64_t records = 0;
  std::int64_t duration_ms = 0;
  std::string error;  // empty when ok
};

// "2026-11-23T09:00:00Z ok 2 pages 734 records 412 ms", or "… failed 412 ms: the error".
std::string describe(const Run& run);

}  // namespace vhookd
