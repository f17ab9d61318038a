// Log lines as an interface: a stable id, then fields. docs/operations.md lists every id with what to do.
//   text  poll-failed webhook=orders error="could not connect …"
//   json  {"time":"…","level":"warn","id":"poll-failed","webhook":"orders","error":"…"}
// Under systemd, unless log.format says otherwise, lines go to the journal with a field for each of theirs:
//   VHOOKD_CODE=poll-failed VHOOKD_WEBHOOK=orders VHOOKD_ERROR=…, the text as MESSAGE, PRIORITY by level
// Control characters in values are escaped, so that no value can forge a line. Thread-safe.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

// The same as the journal gets it: NAME=value, one each.
std::vector<std::string> journal_fields(Level level, std::string_view id, LogFields fields);

// Whether `journal_stream`, $JOURNAL_STREAM, names what `descriptor` is: "DEVICE:INODE". It is inherited by children
// whose output goes elsewhere, so that it is there says nothing yet.
bool is_journal(const char* journal_stream, int descriptor);

}  // namespace vhookd
