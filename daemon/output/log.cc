#include "daemon/output/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

namespace vhookd {

namespace {

struct Output {
  std::shared_ptr<spdlog::logger> logger =
      std::make_shared<spdlog::logger>("vhookd", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  bool json = false;
  bool journal = false;
};

// Global, because all threads share the standard error of the process.
Output& output() {
  static Output instance;
  return instance;
}

spdlog::level::level_enum spd(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

void append_escaped(std::string& out, std::string_view value) {
  constexpr std::string_view hex = "0123456789abcdef";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += hex[byte >> 4];
      out += hex[byte & 15];
    } else {
      out += c;
    }
  }
}

bool is_word(std::string_view value) {
  return !value.empty() && value.find_first_of(" \"\\=") == std::string_view::npos &&
         value.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-:/+%,@") ==
             std::string_view::npos;
}

std::string format_json(Level level, std::string_view id, LogFields fields) {
  nlohmann::ordered_json line;
  line["level"] = spdlog::level::to_string_view(spd(level)).data();
  line["id"] = id;
  for (const auto& [name, value] : fields) line[std::string(name)] = value;
  // spdlog's pattern writes the opening brace and the time, so that text and JSON lines take the time from one source.
  const auto text = line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return text.substr(1);
}

// The priority numbers of syslog(3).
char priority(Level level) {
  switch (level) {
    case Level::debug:
      return '7';
    case Level::info:
      return '6';
    case Level::warn:
      return '4';
    case Level::error:
      return '3';
  }
  return '6';
}

std::string journal_name(std::string_view name) {
  std::string out = "VHOOKD_";
  for (const char c : name)
    out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c >= '0' && c <= '9' ? c : '_';
  return out;
}

// Returns false if the journal did not accept the line.
bool send_to_journal(Level level, std::string_view id, LogFields fields) {
  auto texts = journal_fields(level, id, fields);
  std::vector<iovec> parts;
  parts.reserve(texts.size());
  for (auto& text : texts) parts.push_back({.iov_base = text.data(), .iov_len = text.size()});
  return sd_journal_sendv(parts.data(), static_cast<int>(parts.size())) == 0;
}

}  // namespace

std::vector<std::string> journal_fields(Level level, std::string_view id, LogFields fields) {
  std::vector<std::string> texts = {"MESSAGE=" + format_text(id, fields), std::string("PRIORITY=") + priority(level),
                                    "SYSLOG_IDENTIFIER=vhookd", "VHOOKD_CODE=" + std::string(id)};
  for (const auto& [name, value] : fields) texts.push_back(journal_name(name) + "=" + value);
  return texts;
}

bool is_journal(const char* journal_stream, int descriptor) {
  struct stat what {};
  if (journal_stream == nullptr || fstat(descriptor, &what) != 0) return false;
  return std::string_view(journal_stream) == std::to_string(what.st_dev) + ":" + std::to_string(what.st_ino);
}

std::string format_text(std::string_view id, LogFields fields) {
  std::string line(id);
  for (const auto& [name, value] : fields) {
    line += ' ';
    line += name;
    line += '=';
    if (is_word(value)) {
      line += value;
    } else {
      line += '"';
      append_escaped(line, value);
      line += '"';
    }
  }
  return line;
}

void open_log(const config::Log& log) {
  Output& out = output();
  out.json = log.format == config::LogFormat::json;
  set_log_level(log.level);
  out.logger->flush_on(spdlog::level::trace);
  out.journal = log.format == config::LogFormat::automatic && is_journal(std::getenv("JOURNAL_STREAM"), STDERR_FILENO);
  const auto utc = spdlog::pattern_time_type::utc;
  if (out.json) {
    out.logger->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v)", utc);
  } else if (out.journal) {
    out.logger->set_pattern("%l %v", utc);  // used if the journal does not accept a line
  } else {
    out.logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", utc);
  }
}

void set_log_level(const std::string& level) {
  output().logger->set_level(spdlog::level::from_str(level == "warn" ? "warning" : level));
}

void log_event(Level level, std::string_view id, LogFields fields) {
  Output& out = output();
  if (!out.logger->should_log(spd(level))) return;
  if (out.journal && send_to_journal(level, id, fields)) return;
  const std::string line = out.json ? format_json(level, id, fields) : format_text(id, fields);
  out.logger->log(spd(level), spdlog::string_view_t(line));
}

}  // namespace vhookd
