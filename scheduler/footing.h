// What an epoch stands on besides the configuration: columns that the catalogue chose.
#pragma once

#include <string>

#include "scheduler/plan.h"

namespace vhookd {

// The table and the event: where the configuration names others, no column of the old ones is lost.
std::string ground_of(const Plan& plan);

}  // namespace vhookd
