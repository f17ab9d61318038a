// The stored form of a checkpoint: one JSON object with the name of its strategy, so that a person with
// sqlite3 can read where a webhook stands. Only scheduler/ reads and writes it.
#pragma once

#include <nlohmann/json_fwd.hpp>
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

}  // namespace vhookd
