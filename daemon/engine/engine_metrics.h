// What the daemon has counted since it started: the counters and histograms of /metrics. Values only; whoever shares a
// EngineMetrics between threads guards it. Nothing here is kept over a restart, as Prometheus expects of counters.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/clock.h"

namespace vhookd {

// Observations by upper bound. `bounds` ascend and outlive the histogram; the last bucket takes what lies above them.
class Histogram {
 public:
  explicit Histogram(std::span<const double> bounds) : bounds_(bounds), buckets_(bounds.size() + 1) {}
  void observe(double seconds);

  std::span<const double> bounds() const { return bounds_; }
  const std::vector<std::uint64_t>& buckets() const { return buckets_; }  // each alone, not summed up
  std::uint64_t count() const { return count_; }
  double sum() const { return sum_; }

 private:
  std::span<const double> bounds_;
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  double sum_ = 0;
};

// How one attempt to deliver a page ended.
enum class Attempted {
  delivered,   // 2xx
  refused,     // another answer; tried again
  unanswered,  // none: resolve, connect, TLS, time; tried again
  gone,        // 410: the webhook is paused
  died,        // retry.for has passed: the page is dead
};
constexpr std::array all_attempted = {Attempted::delivered, Attempted::refused, Attempted::unanswered, Attempted::gone,
                                      Attempted::died};
std::string_view name_of(Attempted outcome);

struct WebhookMetrics {
  std::uint64_t polls_ok = 0;
  std::uint64_t polls_failed = 0;
  std::uint64_t polls_held = 0;  // hold_if_changed_over
  std::uint64_t records = 0;     // put into pages
  std::uint64_t pages = 0;
  std::array<std::uint64_t, all_attempted.size()> attempts{};  // by Attempted
  std::optional<double> last_poll_seconds;
};

extern const std::array<double, 14> poll_bounds;
extern const std::array<double, 12> attempt_bounds;
extern const std::array<double, 14> wait_bounds;

// Of all webhooks together.
struct EngineMetrics {
  Histogram polls{poll_bounds};        // seconds of one poll
  Histogram attempts{attempt_bounds};  // seconds of one POST
  Histogram waits{wait_bounds};        // seconds from the poll that found a page's changes to its 2xx
  std::uint64_t reloads = 0;
  std::uint64_t reloads_refused = 0;
  bool last_reload_good = true;
  Instant configured_at;  // the configuration in force was read then
};

}  // namespace vhookd
