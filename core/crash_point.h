// Named points in the program where a crash is hardest to recover from. A test arms one of them, and the process then
// kills itself there with SIGKILL, which leaves the same state behind as a real crash. Part of the release build,
// because `vhookd selftest` uses it; a point that is not armed costs one branch that is never taken.
#pragma once

#include <array>
#include <atomic>
#include <expected>
#include <string>
#include <string_view>

namespace vhookd {

enum class CrashPoint {
  after_fetch,         // rows are read from the database, none of them is in the state
  before_commit,       // a write to the state is complete but not committed
  after_commit,        // the write is on disk, and no other part of the program knows
  before_connect,      // a page is about to be sent on a new connection
  after_headers_sent,  // the headers of a POST are sent
  mid_body,            // part of the body is sent; bodies under 64 KiB are sent in one piece and never reach this point
  after_2xx,           // the receiver has accepted a page, and the state does not record it
  mid_migration,       // the tables of the next schema version are created but not committed
  mid_reload,          // one of several changed webhooks has its new configuration
};
inline constexpr std::array<std::string_view, 9> crash_point_names = {
    "after_fetch", "before_commit", "after_commit",  "before_connect", "after_headers_sent",
    "mid_body",    "after_2xx",     "mid_migration", "mid_reload"};

// Arms one point: the process kills itself when it passes that point for the N-th time. `where`: NAME or NAME:N, with N
// from 1 to 1,000,000. Returns an error message for any other text. Call once, before a second thread starts.
std::expected<void, std::string> arm_crash(std::string_view where);

namespace crash {
inline constexpr int nowhere = -1;
extern std::atomic<int> armed;  // a CrashPoint
void pass();
}  // namespace crash

inline bool crash_armed(CrashPoint point) {
  return crash::armed.load(std::memory_order_relaxed) == static_cast<int>(point);
}

// Thread-safe.
inline void crash_point(CrashPoint point) {
  if (crash_armed(point)) [[unlikely]]
    crash::pass();
}

}  // namespace vhookd
