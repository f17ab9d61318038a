// Log lines as an interface: a stable id, then fields. docs/operations.md lists every id with what to do.
//   text  poll-failed webhook=orders error="could not connect …"
//   json  {"time":"…","level":"warn","id":"poll-failed","webhook":"orders","error":"…"}
// Control characters in values are escaped, so that no value can forge a line. Thread-safe.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "config/config.h"

namespace vhookd {

enum class Level { debug, info, warn, error };

using LogFields = std::initializer_list<std::pair<std::string_view, std::string>>;

// Before the first call lines go to stderr as text from level info on.
void open_log(const config::Log& log);
void set_log_level(const std::string& level);
void log_event(Level level, std::string_view id, LogFields fields);

// The line without time and level, for tests.
std::string format_text(std::string_view id, LogFields fields);

}  // namespace vhookd
