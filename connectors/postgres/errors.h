// What PostgreSQL and libpq say when something fails, as an Error. Pure.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"

namespace vhookd::postgres {

// The server's words on one line, without severity, context and the excerpt of the statement.
std::string one_line(std::string_view message);

// `sqlstate`: five characters; empty: unknown.
Recourse recourse_of(std::string_view sqlstate);

// A failed statement.
Error statement_error(std::string_view sqlstate, std::string_view message);

// A failed connect. libpq hands over no SQLSTATE here, only words. `display` is the URL as it may be
// shown: where libpq quotes pieces of the URL back that are not in it, they are cut out, since a
// password that isn't percent-encoded can end up anywhere.
Error connect_error(std::string_view message, std::string_view display);

}  // namespace vhookd::postgres
