// `vhookd selftest`: checks that vhookd loses nothing on this machine when it is killed.
#pragma once

#include <cstdint>

namespace vhookd {

struct SelftestOptions {
  int kills = 0;             // --crash
  std::int64_t changes = 0;  // rows that change during the test; 0: 50 per kill
  int fail_percent = 50;     // share of POSTs that the receiver answers 500
  bool json = false;
};

// Returns the exit code: 0: all guarantees held. 1: one was violated, or the test could not run; see standard error.
int selftest_command(const SelftestOptions& options);

}  // namespace vhookd
