// `vhookd selftest`: how well vhookd survives on this machine.
#pragma once

#include <cstdint>

namespace vhookd {

struct SelftestOptions {
  int kills = 0;             // --crash
  std::int64_t changes = 0;  // rows to change meanwhile; 0: fifty for each kill
  int fail_percent = 50;     // of the POSTs the receiver refuses
  bool json = false;
};

// 0: all as promised. 1: something was not, or the test could not be made; standard error says what.
int selftest_command(const SelftestOptions& options);

}  // namespace vhookd
