// One SELECT statement with its bound values.
#pragma once

#include <string>
#include <vector>

#include "core/value.h"

namespace vhookd {

struct Table;

// `sql` contains placeholders in the dialect of its connector: $1, $2 … for PostgreSQL, ? for MySQL, MariaDB and
// SQLite. Values are always bound, never written into the text.
struct Query {
  std::string sql;
  std::vector<Param> params;
  const Table* table = nullptr;  // the table it reads, from describe(); result columns are matched to it by name
  // Hints that a connector may use:
  bool few = false;    // the result is a few short rows and does not depend on session settings
  bool often = false;  // each poll runs exactly this text, whatever the table
};

}  // namespace vhookd
