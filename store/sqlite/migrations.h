// From each version of state.db to the next. schema.h documents the tables. A released migration is never changed.
#pragma once

#include <array>

#include "store/sqlite/connection.h"
#include "store/sqlite/schema.h"

namespace vhookd {

// migrations[v] takes version v to v + 1, inside the caller's transaction. An error is in the connection's outcome.
extern const std::array<void (*)(Connection&), schema_version> migrations;

// Part of version 6: packs the rows of `known` into known_block. In known.cc.
void pack_known_of_version_5(Connection& db);

}  // namespace vhookd
