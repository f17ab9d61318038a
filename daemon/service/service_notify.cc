#include "daemon/service/service_notify.h"

#include <systemd/sd-daemon.h>

#include <chrono>

#include "core/clock.h"

namespace vhookd {

void notify_ready(const std::string& status) {
  sd_notify(0, ("READY=1\nSTATUS=" + status).c_str());
}

void notify_status(const std::string& status) {
  sd_notify(0, ("STATUS=" + status).c_str());
}

void notify_reloading() {
  const auto micros = SystemClock().tick().time_since_epoch().count();
  sd_notify(0, ("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(micros)).c_str());
}

void notify_stopping() {
  sd_notify(0, "STOPPING=1\nSTATUS=stopping");
}

void notify_alive() {
  sd_notify(0, "WATCHDOG=1");
}

}  // namespace vhookd
