// What PostgreSQL's catalogue says of tables and views.
#pragma once

#include <string>
#include <vector>

#include "connectors/postgres/session.h"
#include "connectors/postgres/types.h"
#include "core/table.h"

namespace vhookd::postgres {

// As connectors/connector.h has them. One round trip; another where a column's type is new to `types`,
// or to say what is there instead of a table that isn't.
Result<Table> describe(Session& session, Types& types, const TableName& name);
Result<std::vector<TableName>> tables(Session& session, const std::string& schema);

}  // namespace vhookd::postgres
