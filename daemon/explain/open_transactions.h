// Which open transactions of a server bear on polling: who holds PostgreSQL's horizon back, how long the
// oldest has been open against a lookback. For `vhookd explain`.
#pragma once

#include <string>
#include <vector>

#include "connectors/connector.h"
#include "scheduler/detect/plan.h"

namespace vhookd {

// Sentences; none where open transactions make no difference to this plan. What the role may not see is
// said, never an error: the webhook works without it.
std::vector<std::string> open_transactions(const Plan& plan, Connector& session);

}  // namespace vhookd
