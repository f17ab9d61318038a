// The JSON Schema (2020-12) of the configuration, for editors. `vhookd schema` prints it.
#pragma once

#include <string>

namespace vhookd::config {

std::string json_schema();

}  // namespace vhookd::config
