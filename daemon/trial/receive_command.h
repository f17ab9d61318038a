// `vhookd receive`: a test receiver that prints webhooks on the terminal.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

namespace vhookd {

struct ReceiveOptions {
  int port = 8421;                   // on 127.0.0.1; 0: a free port
  std::vector<std::string> secrets;  // whsec_… or whpk_…; empty: signatures are not verified
  int fail_percent = 0;              // share of requests answered 500, to test retries
  bool quiet = false;                // do not print the records
  bool json = false;                 // print only one JSON object per page, each on one line
  std::FILE* out = stdout;
};

// Prints each page as it arrives, until SIGINT or SIGTERM, and then a summary. Returns the exit code: 0: no problems;
// 1: it cannot listen, a page was malformed or failed verification, or there was a gap; 64: a secret is not valid.
// Blocks both signals in the calling thread. REQUIRES: no other thread handles them.
int receive_command(const ReceiveOptions& options);

}  // namespace vhookd
