// `vhookd demo`: a small shop, the daemon on it and a receiver, to see webhooks arrive.
#pragma once

namespace vhookd {

struct DemoOptions {
  bool keep = false;  // leave the demo's folder behind
};

// Returns the process's exit code.
int demo_command(const DemoOptions& options);

}  // namespace vhookd
