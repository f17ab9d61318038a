// What a plan promises, in words for the operator, and what it can't. Pure. It says what the strategies
// of this folder do: who changes one changes its words here.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "scheduler/plan.h"

namespace vhookd {

struct Guarantee {
  std::vector<std::string> promised;
  std::vector<std::string> not_covered;
  std::vector<std::string> mends;  // how to get the whole; empty: there is nothing more to get
};

Guarantee guarantee(const Plan& plan);

// How late after its stamp a change may be committed and still be found.
std::chrono::milliseconds lookback(const config::Webhook& webhook);

}  // namespace vhookd
