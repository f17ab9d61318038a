// The crash test an operator can run: a shop in SQLite whose rows change, a receiver that fails now and then, and
// a daemon between them that is killed again and again, half the time at a named point (core/crash_point.h), half
// the time at any moment. All in a temporary folder, all on loopback.
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
  std::int64_t changes = 1000;  // rows inserted, updated or deleted, spread over the kills
  int fail_percent = 50;        // of the POSTs the receiver answers 500
  std::function<void(int kill)> on_kill;
  std::function<bool()> interrupted;  // asked between two kills, and while the last pages are waited for
};

struct CrashTrialReport {
  int kills = 0;
  std::map<std::string, int> killed_at;  // a point's name, or "any moment"
  std::int64_t changes = 0;
  std::int64_t pages = 0;    // taken, each once
  std::int64_t records = 0;  // in them
  std::int64_t refused = 0;  // answered 500 on purpose
  std::int64_t duplicates = 0;
  std::int64_t duplicates_allowed = 0;  // pages that can have been in flight
  double seconds = 0;
  std::vector<std::string> faults;  // what was not as promised; empty: all well
  bool interrupted = false;
  std::string folder;  // where all of it lay; still there only where something was not as promised
};

// Throws std::runtime_error where the test itself can't be set up.
CrashTrialReport try_crashes(const CrashTrialOptions& options, const Clock& clock);

}  // namespace vhookd
