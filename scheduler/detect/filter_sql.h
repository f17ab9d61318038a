// A filter as SQL. Pure.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "core/database.h"
#include "core/table.h"

namespace vhookd {

struct Condition {
  std::string sql;            // "name >= ?", with a ? for each of
  std::vector<Param> params;  // these; is_null has none
};

// `name`: the column's, quoted. Values are bound so that every database compares them with the column alike.
Condition condition_of(Dialect dialect, const Column& column, const config::Filter& filter, const std::string& name);

}  // namespace vhookd
