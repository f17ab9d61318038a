// Where the database servers of this test run are. They are started once for a run by
// tests/servers/servers, which writes NAME=URL lines to build/servers/urls.
#pragma once

#include <optional>
#include <string>

namespace vhookd::testing {

// NAME: postgres15, postgres18, mariadb, mysql. The URL of a superuser, such as
// postgresql://postgres@127.0.0.1:41234/postgres or mysql://root:pw@127.0.0.1:41235/. The environment's
// VHOOKD_TEST_POSTGRES15 and the like win over the file. None: not to be had here; skip loudly.
std::optional<std::string> server_url(const std::string& name);

// Why server_url(name) is none, for GTEST_SKIP; empty where it is not none.
std::string why_unavailable(const std::string& name);

}  // namespace vhookd::testing
