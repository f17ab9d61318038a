// The log. Each line has a stable id and fields; docs/operations.md lists all ids with what to do.
//   text  poll-failed webhook=orders error="could not connect …"
//   json  {"time":"…","level":"warn","id":"poll-failed","webhook":"orders","error":"…"}
// Under systemd, unless log.format is set, lines go to the journal with one journal field per field:
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

// Before the first call, lines of level info and above go to stderr as text.
void open_log(const config::Log& log);
void set_log_level(const std::string& level);
void log_event(Level level, std::string_view id, LogFields fields);

// The text of a line without time and level.
std::string format_text(std::string_view id, LogFields fields);

// The fields for the journal, each "NAME=value".
std::vector<std::string> journal_fields(Level level, std::string_view id, LogFields fields);

// Whether `descriptor` is the journal's stream, whose "DEVICE:INODE" is in $JOURNAL_STREAM (`journal_stream`). The
// variable alone is not sufficient, because child processes inherit it even if their output goes elsewhere.
bool is_journal(const char* journal_stream, int descriptor);

}  // namespace vhookd
