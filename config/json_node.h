// Converts JSON to the same tree that config/yaml.h builds from YAML, for webhooks that were created through the API.
#pragma once

#include <string>

#include "config/yaml.h"

namespace vhookd::config {

// Every node gets `location`. Strings become quoted scalars, so that none of them is read as another type.
// REQUIRES: `json` is valid JSON.
Node parse_json(const std::string& json, Location location);

}  // namespace vhookd::config
