// Known rows in the state file, packed into blocks (store/sqlite/known_block.h). Internal to store/sqlite.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/known.h"
#include "store/poll_state.h"
#include "store/sqlite/connection.h"

namespace vhookd {

// Applies the part of a commit that concerns the known rows of (webhook, part.epoch), in the caller's transaction.
void write_known(Connection& db, std::int64_t webhook, const PollCommit& part);

// See PollState::known, known_from and known_ranges.
std::vector<std::optional<KnownRow>> find_known(Connection& db, const std::string& id,
                                                std::span<const std::string> keys);
std::vector<KnownRow> known_rows_from(Connection& db, const std::string& id, const std::string& from, int limit);
std::vector<KnownRange> ranges_of(Connection& db, const std::string& id);

}  // namespace vhookd
