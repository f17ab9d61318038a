// `vhookd demo`: runs vhookd on a small example database with a receiver, and prints the webhooks that arrive.
#pragma once

namespace vhookd {

struct DemoOptions {
  bool keep = false;  // keep the folder of the demo
};

// Returns the exit code of the process.
int demo_command(const DemoOptions& options);

}  // namespace vhookd
