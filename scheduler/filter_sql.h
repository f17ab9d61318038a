// A filter as SQL. Pure.
#pragma once

#include <string>

#include "config/config.h"
#include "core/database.h"
#include "core/table.h"

namespace vhookd {

// "name >= ?", with a ? for each value that is bound; is_null binds none. `name`: the column's, quoted.
std::string condition_of(const config::Filter& filter, const std::string& name);

// The value as it has to be bound, so that the database compares it with the column as every other one does.
Param compared(Dialect dialect, const Column& column, config::Op op, Param value);

}  // namespace vhookd
