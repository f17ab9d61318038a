// One SELECT with its bound values.
#pragma once

#include <string>
#include <vector>

#include "core/value.h"

namespace vhookd {

struct Table;

// `sql` holds placeholders in the dialect of its connector: $1, $2 … for PostgreSQL, ? for MySQL,
// MariaDB and SQLite. Values are always bound, never spliced.
struct Query {
  std::string sql;
  std::vector<Param> params;
  const Table* table = nullptr;  // what it reads, as describe() gave it; columns are recognised by their names
  // For a server that can profit from it:
  bool few = false;    // a handful of short rows answers it, the same whatever the settings of the session
  bool often = false;  // it is asked in these very words with each poll, whatever the table
};

}  // namespace vhookd
