// What a plan promises, in words for the operator, and what it can't. Pure. It says what the strategies
// of this folder do: who changes one changes its words here.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "scheduler/detect/plan.h"

namespace vhookd {

struct Guarantee {
  std::vector<std::string> promised;
  std::vector<std::string> not_covered;
  std::vector<std::string> mends;  // how to get the whole; empty: there is nothing more to get
};

// `sees_transactions`: the role may look at what is under way, where the plan's polls ask for that.
Guarantee guarantee(const Plan& plan, bool sees_transactions);

// Polls look for what is under way, and stay below it where they may see it
// (scheduler/detect/timestamp/timestamp_poll.h).
bool looks_for_transactions(const Plan& plan);

// How late after its stamp a change may be committed and still be found.
std::chrono::milliseconds lookback(const config::Webhook& webhook);

}  // namespace vhookd
