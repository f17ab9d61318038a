// Whether a role could write, read off its own SHOW GRANTS. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vhookd::mysql {

// `grants`: the lines of SHOW GRANTS. True where one of them gives INSERT, UPDATE or DELETE (on a column is
// enough), or all privileges, on everything, on the database (whose name may hold the wildcards _ and %) or
// on the table. What it cannot read counts as not given; a MySQL partial REVOKE is not looked at.
bool may_write(const std::vector<std::string>& grants, std::string_view schema, std::string_view table);

}  // namespace vhookd::mysql
