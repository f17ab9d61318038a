// What information_schema says of tables.
#pragma once

#include <string>
#include <vector>

#include "connectors/mysql/session.h"
#include "core/error.h"
#include "core/table.h"

namespace vhookd::mysql {

// As SqlSession::describe and tables. An index is listed where it keeps an order a query could follow: visible,
// and a B-tree. A column this role may not SELECT is left out. MySQL shows nobody a table he has no right to,
// so the error for a missing one names the GRANT too.
Result<Table> describe(Session& session, const TableName& name);
Result<std::vector<TableName>> tables(Session& session, const std::string& schema);

}  // namespace vhookd::mysql
