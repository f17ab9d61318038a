// Waits for signals synchronously, instead of handling them asynchronously.
#pragma once

#include <chrono>

namespace vhookd {

enum class Wake { timeout, stop, reload };

// Blocks SIGTERM, SIGINT and SIGHUP in this thread and in all threads that it starts later, and ignores SIGPIPE and
// SIGXFSZ. Call before the first thread is started.
void block_signals();

// Waits for the next of these signals, at most `timeout`. Call from one thread only.
Wake wait_for_signal(std::chrono::milliseconds timeout);

}  // namespace vhookd
