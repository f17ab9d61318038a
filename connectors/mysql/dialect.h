// The SQL of MySQL and MariaDB.
#pragma once

#include "connectors/sql/dialect.h"

namespace vhookd {

const Dialect& mysql_dialect();

}  // namespace vhookd
