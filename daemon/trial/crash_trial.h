// The crash test of `vhookd selftest`: an SQLite database whose rows change, a receiver that fails a share of the
// requests, and a daemon between them that is killed repeatedly, half the time at a named point (core/crash_point.h)
// and half the time at a random moment. Uses a temporary folder and the loopback interface only.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/clock.h"

namespace vhookd {

struct CrashTrialOptions {
  int kills = 20;
  std::int64_t changes = 1000;  // rows inserted, updated or deleted, spread evenly over the kills
  int fail_percent = 50;        // share of POSTs that the receiver answers 500
  std::function<void(int kill)> on_kill;
  std::function<bool()> interrupted;  // called between kills and while waiting for the last pages
};

struct CrashTrialReport {
  int kills = 0;
  std::map<std::string, int> killed_at;  // name of a crash point, or "any moment"
  std::int64_t changes = 0;
  std::int64_t pages = 0;    // accepted, each counted once
  std::int64_t records = 0;  // records in these pages
  std::int64_t refused = 0;  // answered 500 on purpose
  std::int64_t duplicates = 0;
  std::int64_t duplicates_allowed = 0;  // the most pages that can have been in flight at the kills
  double seconds = 0;
  std::vector<std::string> faults;  // violated guarantees; empty: none
  bool interrupted = false;
  std::string folder;  // the temporary folder; kept only if there are faults
};

// Throws std::runtime_error if the test cannot be set up.
CrashTrialReport run_crash_trial(const CrashTrialOptions& options, const Clock& clock);

}  // namespace vhookd
