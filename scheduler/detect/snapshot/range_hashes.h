// When the database's hashes of key ranges (core/range_hash.h) take the place of reading a whole table, and in which
// portions they are asked for. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "scheduler/detect/plan.h"

namespace vhookd {

// Why this table is read whole at each poll instead; empty: ranges can be compared.
std::string why_no_range_hashes(const Plan& plan);

// How many rows a range may have.
std::int64_t range_rows(const Plan& plan);

// REQUIRES of those below: why_no_range_hashes(plan) is empty.

// How many ranges one RangeHashes should ask for, and one RangeRows.
std::size_t ranges_at_once(const Plan& plan);
std::size_t range_rows_at_once(const Plan& plan);

}  // namespace vhookd
