// `vhookd receive`: a receiver for trying out, on the terminal.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

namespace vhookd {

struct ReceiveOptions {
  int port = 8421;                   // on 127.0.0.1; 0: any that is free
  std::vector<std::string> secrets;  // whsec_… or whpk_…; none: signatures are not checked
  int fail_percent = 0;              // answered 500, to see retries
  bool quiet = false;                // no lines for the records
  bool json = false;                 // one JSON object a line for each page, nothing else
  std::FILE* out = stdout;
};

// Prints each page as it comes, until SIGINT or SIGTERM, and then a summary. 0: all was well; 1: it
// cannot listen, or something failed verification, was malformed, or a gap was seen; 64: a secret is
// none. Blocks both signals in the calling thread while it runs. REQUIRES: no other thread takes them.
int receive_command(const ReceiveOptions& options);

}  // namespace vhookd
