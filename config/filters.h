// Reads `filters`: conditions whose values keep their YAML type.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "config/value_type.h"

namespace vhookd::config {

struct Filters {
  std::vector<Filter> conditions;
  std::string json;  // as written, references not resolved; empty: no filters
};
ValueType<Filters> filters();

}  // namespace vhookd::config
