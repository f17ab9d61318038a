// What is had of MySQL Connector/C++, with its quirks met in one place. Only the .cc files that speak to a
// server include this; no other header of this folder knows the library.
#pragma once

#include <cppconn/connection.h>
#include <cppconn/driver.h>
#include <cppconn/exception.h>
#include <cppconn/resultset.h>
#include <cppconn/statement.h>

#include <memory>
#include <string>

#include "connectors/connector.h"
#include "connectors/mysql/url.h"
#include "core/error.h"

namespace vhookd::mysql {

// The one driver, loaded at the first call. Thread-safe, which get_driver_instance() is not.
sql::Driver& driver();

// Must be called by a thread before anything else of the library; cheap from the second time on.
void attach_thread();

// Where a session to `address` is had. `database` empty: none is chosen.
sql::ConnectOptionsMap options_of(const Address& address, const std::string& database, const ConnectOptions& options);

// Whole seconds, rounded up, at least one.
int seconds_up(std::chrono::milliseconds time);

// How much longer than the statement itself the network may take.
constexpr auto network_slack = std::chrono::seconds(60);

void execute(sql::Connection& connection, const std::string& sql);

Error error_of(const sql::SQLException& e);

}  // namespace vhookd::mysql
