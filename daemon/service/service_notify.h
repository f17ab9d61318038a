// What systemd is told of the daemon; nothing where it was not started by it. See sd_notify(3).
#pragma once

#include <string>

namespace vhookd {

void notify_ready(const std::string& status);
void notify_status(const std::string& status);
void notify_reloading();
void notify_stopping();
void notify_alive();  // for WatchdogSec

}  // namespace vhookd
