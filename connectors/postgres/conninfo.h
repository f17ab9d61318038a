// The connection string handed to libpq. Pure.
#pragma once

#include <string>
#include <string_view>

#include "connectors/connector.h"

namespace vhookd::postgres {

// `url`, a URI or keyword=value pairs, with vhookd's own settings put before its own, so that where
// both name one the URL's wins (libpq takes the last).
std::string with_defaults(std::string_view url, const ConnectOptions& options);

}  // namespace vhookd::postgres
