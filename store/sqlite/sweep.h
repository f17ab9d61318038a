// Deletes in bounded parts what new epochs and forgotten webhooks leave in the state file. Internal to store/sqlite.
#pragma once

#include <cstdint>

#include "store/sqlite/connection.h"

namespace vhookd {

// One part, in the caller's transaction: of what `webhook` left, or for 0 of the first entry in `stale`. False: there
// was nothing to delete.
bool sweep_part(Connection& db, std::int64_t webhook);

}  // namespace vhookd
