// Pages in the state file that several roles read or delete. Internal to store/sqlite.
#pragma once

#include <cstdint>

#include "core/clock.h"
#include "core/page.h"
#include "store/outbox.h"
#include "store/sqlite/connection.h"

namespace vhookd {

// A page whose id, sequence, type, records and body are the first five columns. In outbox.cc.
Page page_in(const Select& row);

// Deletes at most a bounded number of kept pages that are too old, or beyond the sizes in `keep`; those waiting for a
// replay stay. `webhook` 0: only those too old. In replays.cc.
void prune_kept(Connection& db, std::int64_t webhook, const Keep& keep, Instant now);

}  // namespace vhookd
