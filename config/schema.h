// The configuration's JSON Schema (2020-12), for editors: what `vhookd schema` prints.
#pragma once

#include <string>

namespace vhookd::config {

std::string json_schema();

}  // namespace vhookd::config
