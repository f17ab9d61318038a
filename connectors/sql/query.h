// One SELECT with its bound values: what the SQL databases are asked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/table.h"
#include "core/value.h"

namespace vhookd {

// `sql` holds the dialect's placeholders ($1, $2 … or ?). Values are always bound, never spliced.
struct Query {
  std::string sql;
  std::vector<Param> params;
  const Table* table = nullptr;  // what it reads, as describe() gave it; columns are recognised by their names
  std::uint8_t hints = 0;        // from a dialect to the session of the same database; others ignore them
};

}  // namespace vhookd
