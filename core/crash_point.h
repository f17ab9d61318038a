// Places where a crash is hardest to survive, by name, so that a test can end the process in each of them: by
// SIGKILL, which leaves no more behind than the kernel would after a fault of ours. It is in the release build
// because `vhookd selftest` runs there; a point that is not armed costs one branch that is never taken.
#pragma once

#include <array>
#include <atomic>
#include <expected>
#include <string>
#include <string_view>

namespace vhookd {

enum class CrashPoint {
  after_fetch,         // rows are read from the database, nothing of them is in the state
  before_commit,       // all of a write to the state is made, not committed
  after_commit,        // it is on disk, and nobody has been told
  before_connect,      // a page is about to be sent on a connection of its own
  after_headers_sent,  // the headers of a POST are out
  mid_body,            // a part of its body is out; bodies under 64 KiB go out whole, so they are never there
  after_2xx,           // the receiver has taken a page, the state does not say so
  mid_migration,       // the tables of the next version are made, not committed
  mid_reload,          // one of the webhooks that changed is taken over
};
inline constexpr std::array<std::string_view, 9> crash_point_names = {
    "after_fetch", "before_commit", "after_commit",  "before_connect", "after_headers_sent",
    "mid_body",    "after_2xx",     "mid_migration", "mid_reload"};

// From now on the process ends where a point is passed for the n-th time. `where`: NAME or NAME:N, N from 1 to
// 1,000,000; else the reason. Called once, before there is a second thread.
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
