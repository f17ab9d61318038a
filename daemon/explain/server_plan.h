// How the server itself would answer a query: its own EXPLAIN, cut to what tells whether an index serves.
#pragma once

#include <string>
#include <vector>

#include "connectors/connector.h"
#include "core/database.h"

namespace vhookd {

// A line for each step, the outermost first; none where the server does not say. No bound value stands in them.
std::vector<std::string> server_plan(Connector& session, Dialect dialect, const Query& query);

}  // namespace vhookd
