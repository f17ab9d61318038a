// What changes between two configurations: what a reload has to do.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/config.h"

namespace vhookd::config {

struct Difference {
  std::vector<std::string> added, removed, changed;  // webhook ids, in the newer configuration's order
  int unchanged = 0;
  std::vector<std::string> needs_restart;  // top-level keys that only a restart can change
};
Difference difference(const Config& before, const Config& after);
// The same where the webhooks before are held elsewhere; before.webhooks is not looked at.
Difference difference(const Config& before, std::span<const Webhook* const> webhooks_before, const Config& after);

}  // namespace vhookd::config
