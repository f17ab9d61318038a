// SQLite's SQL.
#pragma once

#include "connectors/sql/dialect.h"

namespace vhookd {

const Dialect& sqlite_dialect();

}  // namespace vhookd
