#include "daemon/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

namespace vhookd {

namespace {

struct Output {
  std::shared_ptr<spdlog::logger> logger =
      std::make_shared<spdlog::logger>("vhookd", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  bool json = false;
};

// The one thing of the process that is everybody's: its standard error.
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
  // The braces are the time's: spdlog's pattern writes them, so that time has one source.
  const auto text = line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return text.substr(1);
}

}  // namespace

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
  const bool journal = std::getenv("JOURNAL_STREAM") != nullptr;
  const auto utc = spdlog::pattern_time_type::utc;
  if (out.json) {
    out.logger->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v)", utc);
  } else if (journal && log.format == config::LogFormat::automatic) {
    out.logger->set_pattern("%l %v", utc);
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
  const std::string line = out.json ? format_json(level, id, fields) : format_text(id, fields);
  out.logger->log(spd(level), spdlog::string_view_t(line));
}

}  // namespace vhookd
