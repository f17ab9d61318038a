// Puts the parts of all files together: defaults into webhooks, connections to webhooks, and what contradicts itself.
#pragma once

#include <vector>

#include "config/keys.h"

namespace vhookd::config {

struct Parts {
  std::optional<Input> defaults;
  std::vector<Input> connections;  // one map for each file that has one
  std::vector<Input> webhooks;     // one list for each file that has one
};

// Whole only where `context.report` has no error afterwards.
std::vector<Webhook> assemble(Context& context, const Parts& parts);

}  // namespace vhookd::config
