#include "daemon/trial/selftest_command.h"

#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "daemon/output/exit_code.h"
#include "daemon/output/log.h"
#include "daemon/service/signals.h"
#include "daemon/trial/crash_trial.h"

namespace vhookd {

namespace {

constexpr std::int64_t changes_a_kill = 50;

bool well(const CrashTrialReport& report) {
  return report.faults.empty() && !report.interrupted;
}

void print_json(const CrashTrialReport& report) {
  const nlohmann::ordered_json json = {{"ok", well(report)},
                                       {"kills", report.kills},
                                       {"killed_at", report.killed_at},
                                       {"changed_rows", report.changes},
                                       {"pages", report.pages},
                                       {"records", report.records},
                                       {"refused_on_purpose", report.refused},
                                       {"duplicates", report.duplicates},
                                       {"duplicates_allowed", report.duplicates_allowed},
                                       {"faults", report.faults},
                                       {"seconds", std::round(report.seconds * 10) / 10}};
  std::cout << json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
}

void print_text(const CrashTrialReport& report) {
  std::string where;
  for (const auto& [name, kills] : report.killed_at)
    where += (where.empty() ? "" : ", ") + std::to_string(kills) + " at " + name;
  std::cout << report.kills << " kills in " << std::llround(report.seconds) << " s (" << where << ")\n"
            << report.changes << " rows changed; " << report.pages << " pages with " << report.records
            << " records accepted, " << report.refused << " rejected on purpose, " << report.duplicates
            << " arrived twice with the same id and body (up to " << report.duplicates_allowed << " expected)\n";
  if (well(report)) std::cout << "Nothing lost, no gap, order kept, state intact.\n";
}

}  // namespace

int selftest_command(const SelftestOptions& options) {
  open_log({.level = "warn", .format = config::LogFormat::text});
  block_signals();
  const SystemClock clock;
  const int step = std::max(1, options.kills / 10);
  try {
    const auto report =
        run_crash_trial({.kills = options.kills,
                         .changes = options.changes > 0 ? options.changes : options.kills * changes_a_kill,
                         .fail_percent = options.fail_percent,
                         .on_kill =
                             [&](int kill) {
                               if (!options.json && (kill % step == 0 || kill == options.kills))
                                 std::cout << "killed " << kill << " of " << options.kills << " times\n" << std::flush;
                             },
                         .interrupted = [] { return wait_for_signal(std::chrono::milliseconds(0)) == Wake::stop; }},
                        clock);
    options.json ? print_json(report) : print_text(report);
    for (const auto& fault : report.faults) std::cerr << "vhookd: selftest: " << fault << '\n';
    if (!report.faults.empty()) std::cerr << "vhookd: selftest: the files are kept in " << report.folder << '\n';
    if (report.interrupted) std::cerr << "vhookd: selftest: interrupted\n";
    return well(report) ? exit_code::done : exit_code::failed;
  } catch (const std::exception& error) {
    std::cerr << "vhookd: selftest: " << error.what() << '\n';
    return exit_code::failed;
  }
}

}  // namespace vhookd
