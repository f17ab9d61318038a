// When a plan goes on with what a webhook has in its state, and when it must not. Pure.
#pragma once

#include <string>

#include "scheduler/detect/plan.h"

namespace vhookd {

// What is kept behind the fingerprint, as JSON: the columns the epoch hangs on that the catalogue chose, not the
// configuration.
std::string detection_columns_of(const Plan& plan);

// `stored`: fingerprint and detection columns of an epoch.
bool same_epoch(const std::string& stored, const Plan& plan);

// Why the plan must not take the place of the stored one: a column that carried it is gone, and nobody has said
// what is to take its place. Empty: it may.
std::string lost_columns(const std::string& stored, const Plan& plan);

}  // namespace vhookd
