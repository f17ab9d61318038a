// Which index of a table serves a plan's polls, and how to make one where none does. Pure.
#pragma once

#include <string>

#include "scheduler/detect/plan.h"

namespace vhookd {

struct IndexAdvice {
  std::string used;     // name of the index that serves each poll; empty: none
  std::string missing;  // the statement that makes the one that would; empty: none is wanted, or none can be had
  std::string cost;     // what a poll reads, and what the missing index would change
};

IndexAdvice index_advice(const Plan& plan);

}  // namespace vhookd
