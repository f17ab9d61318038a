// The form of `filters`: conditions whose values keep the type YAML gives them.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "config/form.h"

namespace vhookd::config {

struct Filters {
  std::vector<Filter> conditions;
  std::string json;  // as given, references unresolved; empty when there are none
};
Form<Filters> filters();

}  // namespace vhookd::config
