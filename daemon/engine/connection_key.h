// Identifies what webhooks share: sessions, answers of a server, places in the timetable.
#pragma once

#include <string>

#include "config/config.h"

namespace vhookd {

// A digest of the database's type and whole URL. It holds no secret, and URLs that differ only in their password have
// different keys: a session must not serve a webhook that could not have opened it.
std::string connection_key(const config::Database& database);

// The same of the URL up to the end of its authority: one role at one server, whichever database of it.
std::string server_key(const config::Database& database);

}  // namespace vhookd
