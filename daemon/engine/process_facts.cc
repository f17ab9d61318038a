#include "daemon/engine/process_facts.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace vhookd {

namespace {

// The fields of /proc/self/stat from the third on. The second is the name in brackets, which may hold blanks and
// brackets of its own, so the last ) ends it.
std::vector<std::string> stat_fields() {
  std::string line;
  std::getline(std::ifstream("/proc/self/stat"), line);
  const std::size_t end = line.rfind(')');
  if (end == std::string::npos) return {};
  std::istringstream rest(line.substr(end + 1));
  std::vector<std::string> fields;
  for (std::string field; rest >> field;) fields.push_back(std::move(field));
  return fields;
}

std::optional<double> number(const std::vector<std::string>& fields, std::size_t of_proc_manual) {
  const std::size_t index = of_proc_manual - 3;
  if (index >= fields.size()) return std::nullopt;
  return std::strtod(fields[index].c_str(), nullptr);
}

std::optional<double> booted_at() {
  std::ifstream stat("/proc/stat");
  for (std::string word; stat >> word;) {
    double seconds = 0;
    if (word == "btime" && stat >> seconds) return seconds;
  }
  return std::nullopt;
}

}  // namespace

ProcessFacts process_facts() {
  ProcessFacts facts;
  const auto fields = stat_fields();
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto user = number(fields, 14);
  const auto system = number(fields, 15);
  if (user && system) facts.cpu_seconds = (*user + *system) / ticks;
  if (const auto threads = number(fields, 20)) facts.threads = static_cast<std::int64_t>(*threads);
  const auto started = number(fields, 22);  // ticks since the machine booted
  const auto booted = booted_at();
  if (started && booted) facts.started_at = *booted + *started / ticks;
  if (const auto bytes = number(fields, 23)) facts.virtual_bytes = static_cast<std::int64_t>(*bytes);
  if (const auto pages = number(fields, 24))
    facts.resident_bytes = static_cast<std::int64_t>(*pages) * sysconf(_SC_PAGESIZE);
  std::error_code fault;
  std::int64_t fds = 0;
  for (std::filesystem::directory_iterator at("/proc/self/fd", fault), end; !fault && at != end; at.increment(fault))
    ++fds;
  if (!fault && fds > 0) facts.open_fds = fds - 1;  // one was the look itself
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) facts.most_fds = static_cast<std::int64_t>(limit.rlim_cur);
  return facts;
}

}  // namespace vhookd
