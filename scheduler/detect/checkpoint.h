// The stored form of a checkpoint: one JSON object with the name of its strategy, so that a person with
// sqlite3 can read where a webhook stands. Only scheduler/ reads and writes it.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/value.h"

namespace vhookd {

// null for an empty checkpoint; an error for what vhookd did not write.
Result<nlohmann::json> read_checkpoint(const std::string& checkpoint);
std::unexpected<Error> foreign_checkpoint();  // that error

// Values as [kind, base64 of the text]: a key may hold any bytes.
nlohmann::json write_params(const std::vector<Param>& params);
std::vector<Param> read_params(const nlohmann::json& json);

// Transaction ids, ascending: [7,[9,12],40] holds 7, 9 to 12 and 40. A plain list reads as well.
nlohmann::json write_xids(const std::set<std::uint64_t>& xids);
std::set<std::uint64_t> read_xids(const nlohmann::json& json);

}  // namespace vhookd
