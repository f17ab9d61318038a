#include <csignal>
#include <ctime>
#include <nlohmann/json.hpp>

#include "core/time_text.h"
#include "daemon/cli/client_commands.h"
#include "daemon/cli/daemon_request.h"
#include "daemon/output/exit_code.h"
#include "daemon/output/status_table.h"

namespace vhookd {

namespace {

StatusRow row_of(const Json& webhook, Instant now) {
  StatusRow row;
  row.id = text_of(webhook, "id");
  row.healthy = flag_of(webhook, "is_healthy");
  row.paused = flag_of(webhook, "is_paused");
  row.checked_at = parse_rfc3339(text_of(webhook, "checked_at"));
  row.next_check_at = parse_rfc3339(text_of(webhook, "next_check_at"));
  const auto lag = webhook.find("lag_seconds");
  row.lag_seconds = lag != webhook.end() && lag->is_number() ? lag->get<double>() : 0;
  row.queued_pages = number_of(webhook, "queued_pages");
  row.dead_pages = number_of(webhook, "dead_pages");
  row.last_error = text_of(webhook, "last_error");
  if (const auto attempt = webhook.find("next_attempt"); attempt != webhook.end() && attempt->is_object())
    row.next_attempt = time_until(parse_rfc3339(text_of(*attempt, "at")).value_or(now), now);
  if (const auto sync = webhook.find("first_sync"); sync != webhook.end() && sync->is_object()) {
    const auto number = [&](const char* name) -> std::optional<double> {
      const auto found = sync->find(name);
      return found != sync->end() && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
    };
    const auto expected = number("expected_rows");
    row.first_sync = first_sync_text(number_of(*sync, "rows"),
                                     expected ? std::optional(static_cast<std::int64_t>(*expected)) : std::nullopt,
                                     number("rows_per_second").value_or(0), number("seconds_left"));
  }
  return row;
}

// All fields of one webhook, except its runs, which `vhookd runs` prints.
std::string full_text(const Json& webhook) {
  constexpr std::size_t widest = 17;  // "integration_type:"
  std::string out;
  for (const auto& [name, value] : webhook.items()) {
    if (name == "runs") continue;
    const std::string key = printable(name) + ":";
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    out += key + std::string(key.size() < widest ? widest - key.size() : 0, ' ') + " " + printable(text) + "\n";
  }
  return out;
}

std::string shown(const Json& webhooks, const ClientOptions& options, const Terminal& terminal) {
  if (!options.id.empty()) return full_text(webhooks.at(0));
  if (webhooks.empty()) return "no webhooks are configured\n";
  const Instant now = SystemClock().now();
  std::vector<StatusRow> rows;
  for (const auto& webhook : webhooks) rows.push_back(row_of(webhook, now));
  return options.watch ? watched_table(std::move(rows), now, terminal) : status_table(rows, now, terminal);
}

int show_once(const ControlClient& daemon, const ClientOptions& options, const Terminal& terminal, bool clear) {
  constexpr auto timeout = std::chrono::seconds(5);  // signals are handled only between two requests
  const auto webhooks =
      options.watch ? request_webhooks(daemon, options.id, timeout) : request_webhooks(daemon, options.id);
  if (!webhooks) return webhooks.error();
  if (options.json) {
    print_json(*webhooks);
  } else {
    print((clear ? "\x1b[H\x1b[J" : "") + shown(*webhooks, options, terminal));
  }
  std::fflush(stdout);
  return exit_code::done;
}

// Blocks SIGINT and SIGTERM while it exists, so that they cannot interrupt the output of a line.
class HeldSignals {
 public:
  HeldSignals() {
    sigemptyset(&held_);
    sigaddset(&held_, SIGINT);
    sigaddset(&held_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &held_, &before_);
  }
  ~HeldSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  bool came_within(std::chrono::seconds timeout) const {
    const timespec wait{timeout.count(), 0};
    return sigtimedwait(&held_, nullptr, &wait) > 0;
  }

 private:
  sigset_t held_{}, before_{};
};

}  // namespace

int status_command(const ClientOptions& options) {
  const ControlClient daemon(find_socket(options.where, process_environment()));
  if (!options.watch) return show_once(daemon, options, standard_output(), false);
  const HeldSignals signals;
  if (const int code = show_once(daemon, options, standard_output(), standard_output().width > 0); code != 0)
    return code;
  // Continue while the daemon restarts, so that --watch shows when it is back.
  while (!signals.came_within(std::chrono::seconds(1))) {
    show_once(daemon, options, standard_output(), standard_output().width > 0);
  }
  return exit_code::done;
}

}  // namespace vhookd
