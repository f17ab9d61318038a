// Notifies systemd of the daemon's state with sd_notify(3). Does nothing if systemd did not start the process.
// Thread-safe.
#pragma once

#include <string>

namespace vhookd {

void notify_ready(const std::string& status);
void notify_status(const std::string& status);
void notify_reloading();
void notify_stopping();
void notify_alive();  // for WatchdogSec

}  // namespace vhookd
