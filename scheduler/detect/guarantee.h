// What a plan promises and what it does not cover, as text for the operator. Pure. It describes the methods of this
// folder: a change to one of them changes its text here.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "scheduler/detect/plan.h"

namespace vhookd {

struct Guarantee {
  std::vector<std::string> promised;
  std::vector<std::string> not_covered;
  std::vector<std::string> remedies;  // how to get what is not covered; empty: there is no more to get
};

// `sees_transactions`: the role may look at what is under way, where the plan's polls ask for that.
Guarantee guarantee(const Plan& plan, bool sees_transactions);

// Polls ask for an OpenTransactionBound, and stay below it where they may see it
// (scheduler/detect/timestamp/timestamp_method.h).
bool bounds_open_transactions(const Plan& plan);

// How late after its stamp a change may be committed and still be found.
std::chrono::milliseconds lookback(const config::Webhook& webhook);

}  // namespace vhookd
