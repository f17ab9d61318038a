#include "core/run.h"

#include "core/time_text.h"

namespace vhookd {

std::string describe(const Run& run) {
  std::string text = rfc3339_seconds(run.started_at);
  const auto ms = std::to_string(run.duration_ms) + " ms";
  if (!run.ok) return text + " failed " + ms + ": " + run.error;
  return text + " ok " + std::to_string(run.pages) + " pages " + std::to_string(run.records) + " records " + ms;
}

}  // namespace vhookd
