// Compares two configurations: what a reload has to change. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/config.h"

namespace vhookd::config {

struct Difference {
  std::vector<std::string> added, removed,
      changed;  // webhook ids; added and changed in the order of `after`, removed in the order of `before`
  int unchanged = 0;
  std::vector<std::string> needs_restart;  // changed keys that take effect only after a restart
};
Difference difference(const Config& before, const Config& after);
// The same, with the old webhooks passed separately; before.webhooks is ignored.
Difference difference(const Config& before, std::span<const Webhook* const> webhooks_before, const Config& after);

}  // namespace vhookd::config
