// Signals as something to wait for instead of handlers.
#pragma once

#include <chrono>

namespace vhookd {

enum class Wake { timeout, stop, reload };

// Blocks SIGTERM, SIGINT and SIGHUP for this thread and all it starts, and ignores SIGPIPE. In main,
// before any thread.
void block_signals();

// The next of them, or timeout. One thread only.
Wake wait_for_signal(std::chrono::milliseconds timeout);

}  // namespace vhookd
