// What a database file says of its own tables.
#pragma once

#include <string>
#include <vector>

#include "connectors/sqlite/file.h"
#include "core/error.h"
#include "core/table.h"

namespace vhookd::sqlite {

// As SqlSession::describe and SqlSession::tables, with the schema resolved. The caller sees to it that
// one state of the file is read throughout.
Result<Table> describe(File& file, const TableName& name);
Result<std::vector<TableName>> tables(File& file, const std::string& schema);

// The only ones there are: a session attaches nothing.
Result<void> check_schema(const std::string& schema);

}  // namespace vhookd::sqlite
