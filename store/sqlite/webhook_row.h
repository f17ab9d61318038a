// One webhook's row in the state file, found by id. Internal to store/sqlite.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/clock.h"
#include "core/error.h"
#include "store/sqlite/connection.h"
#include "store/webhook_records.h"

namespace vhookd {

// The webhook's number; 0: it has no state.
std::int64_t number_of(Connection& db, const std::string& id);
// The same, after creating the state with defaults if there is none; 0 after an error of the connection.
std::int64_t ensure_webhook(Connection& db, const std::string& id, Instant now);

std::optional<WebhookState> state_of(Connection& db, const std::string& id);

// What a write returns that names a webhook without state. An error of the statement that looked for it takes
// precedence (StateFile::write).
std::unexpected<Error> no_state(const std::string& id);

}  // namespace vhookd
