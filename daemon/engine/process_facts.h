// What Linux says of this process, for the metrics every Prometheus client library has.
#pragma once

#include <cstdint>
#include <optional>

namespace vhookd {

// A figure that can't be read (no /proc) is left out.
struct ProcessFacts {
  std::optional<double> cpu_seconds;  // user and system
  std::optional<double> started_at;   // seconds since 1970
  std::optional<std::int64_t> resident_bytes;
  std::optional<std::int64_t> virtual_bytes;
  std::optional<std::int64_t> threads;
  std::optional<std::int64_t> open_fds;
  std::optional<std::int64_t> most_fds;
};
ProcessFacts process_facts();

}  // namespace vhookd
