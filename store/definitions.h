// Role of the store: webhooks that were created through the API.
#pragma once

#include <string>
#include <vector>

#include "core/error.h"

namespace vhookd {

// JSON with the configuration's keys. It holds references to secrets, never a secret.
struct Definition {
  std::string id;
  std::string json;
};

// WebhookRecords::forget removes a definition. Results, errors and threads: store/store.h.
class Definitions {
 public:
  virtual ~Definitions() = default;

  // Replaces the definition of `id` if there is one; creates its state if there is none.
  virtual Result<void> define(const std::string& id, const std::string& json) = 0;
  virtual Result<std::vector<Definition>> all() = 0;  // in the order in which they were first created
};

}  // namespace vhookd
