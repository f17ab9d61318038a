#include "daemon/cli/client_commands.h"

#include <nlohmann/json.hpp>

#include "daemon/cli/daemon_request.h"
#include "daemon/output/exit_code.h"
#include "daemon/output/percent_encode.h"
#include "daemon/output/terminal.h"

namespace vhookd {

namespace {

constexpr std::optional<std::chrono::milliseconds> no_timeout = std::nullopt;

ControlClient daemon_for(const ClientOptions& options) {
  return ControlClient(find_socket(options.where, process_environment()));
}

std::string joined(const Json& list) {
  std::string out;
  for (const auto& item : list)
    out += (out.empty() ? "" : ", ") + printable(item.is_string() ? item.get<std::string>() : item.dump());
  return out;
}

int pause_or_resume(const ClientOptions& options, bool pause) {
  const auto webhook =
      pause ? request_json(daemon_for(options), "PATCH", webhook_path(options.id), R"({"is_paused":true})", no_timeout)
            : request_json(daemon_for(options), "PUT", webhook_path(options.id, "/resume"), {}, no_timeout);
  if (!webhook) return webhook.error();
  if (options.json) {
    print_json(*webhook);
  } else {
    print(printable(options.id) + (flag_of(*webhook, "is_paused") ? " is paused\n" : " is running\n"));
  }
  return exit_code::done;
}

// The ids of all webhooks with dead pages, or the id from the command line.
std::expected<std::vector<std::string>, int> with_dead_pages(const ControlClient& daemon,
                                                             const ClientOptions& options) {
  if (!options.id.empty()) return std::vector{options.id};
  const auto webhooks = request_webhooks(daemon, {});
  if (!webhooks) return std::unexpected(webhooks.error());
  std::vector<std::string> ids;
  for (const auto& webhook : *webhooks) {
    if (number_of(webhook, "dead_pages") > 0) ids.push_back(text_of(webhook, "id"));
  }
  return ids;
}

std::string dead_table(const Json& pages) {
  if (pages.empty()) return "no dead pages\n";
  std::vector<std::vector<Cell>> rows;
  for (const auto& page : pages) {
    rows.push_back({{text_of(page, "page")},
                    {text_of(page, "webhook_id")},
                    {std::to_string(number_of(page, "sequence"))},
                    {std::to_string(number_of(page, "records"))},
                    {std::to_string(number_of(page, "attempts"))},
                    {text_of(page, "died_at")},
                    {text_of(page, "error"), Colour::bad}});
  }
  return table({"PAGE", "WEBHOOK", "SEQUENCE", "RECORDS", "ATTEMPTS", "DIED AT", "ERROR"}, rows, standard_output());
}

}  // namespace

int runs_command(const ClientOptions& options) {
  const auto runs = request_json(daemon_for(options), "GET", webhook_path(options.id, "/runs"));
  if (!runs) return runs.error();
  if (options.json) {
    print_json(*runs);
    return exit_code::done;
  }
  for (const auto& run : *runs) {
    if (run.is_string()) print(printable(run.get<std::string>()) + "\n");
  }
  return exit_code::done;
}

int trigger_command(const ClientOptions& options) {
  const auto run = request_json(daemon_for(options), "PUT", webhook_path(options.id, "/trigger"), {}, no_timeout);
  if (!run) return run.error();
  if (options.json) {
    print_json(*run);
  } else {
    print(printable(text_of(*run, "run")) + "\n");
  }
  return flag_of(*run, "ok") ? exit_code::done : exit_code::failed;
}

int pause_command(const ClientOptions& options) {
  return pause_or_resume(options, true);
}
int resume_command(const ClientOptions& options) {
  return pause_or_resume(options, false);
}

int reload_command(const ClientOptions& options) {
  const auto report =
      request_json(daemon_for(options), "POST", "/control/reload", {}, no_timeout, exit_code::configuration);
  if (!report) return report.error();
  if (options.json) {
    print_json(*report);
    return exit_code::done;
  }
  for (const char* what : {"added", "removed", "changed"}) {
    const auto ids = report->find(what);
    if (ids != report->end() && !ids->empty()) print(std::string(what) + ": " + joined(*ids) + "\n");
  }
  print("unchanged: " + std::to_string(number_of(*report, "unchanged")) + "\n");
  if (const auto notices = report->find("notices"); notices != report->end()) {
    for (const auto& notice : *notices)
      print("notice: " + printable(notice.is_string() ? notice.get<std::string>() : "") + "\n");
  }
  return exit_code::done;
}

int dead_list_command(const ClientOptions& options) {
  const ControlClient daemon = daemon_for(options);
  const auto ids = with_dead_pages(daemon, options);
  if (!ids) return ids.error();
  Json all = Json::array();
  for (const auto& id : *ids) {
    const auto pages = request_json(daemon, "GET", webhook_path(id, "/dead"));
    if (!pages) return pages.error();
    for (const auto& page : *pages) all.push_back(page);
  }
  if (options.json) {
    print_json(all);
  } else {
    print(dead_table(all));
  }
  return exit_code::done;
}

// The id of the webhook with the dead page options.page. If there is none, prints an error and returns the exit code.
static std::expected<std::string, int> owner_of_page(const ControlClient& daemon, const ClientOptions& options) {
  const auto ids = with_dead_pages(daemon, options);
  if (!ids) return std::unexpected(ids.error());
  for (const auto& id : *ids) {
    const auto pages = request_json(daemon, "GET", webhook_path(id, "/dead"));
    if (!pages) return std::unexpected(pages.error());
    if (std::ranges::any_of(*pages, [&](const Json& page) { return text_of(page, "page") == options.page; })) return id;
  }
  print_error("no dead page has the id \"" + printable(options.page) + "\"; `vhookd dead list` shows all dead pages");
  return std::unexpected(exit_code::failed);
}

int dead_show_command(const ClientOptions& options) {
  const ControlClient daemon = daemon_for(options);
  const auto id = owner_of_page(daemon, options);
  if (!id) return id.error();
  const auto page = request_json(daemon, "GET", webhook_path(*id, "/dead?page=" + percent_encoded(options.page)));
  if (!page) return page.error();
  if (options.json) {
    print_json(*page);
    return exit_code::done;
  }
  for (const auto& [name, value] : page->items()) {
    if (name != "body")
      print(name + ": " + printable(value.is_string() ? value.get<std::string>() : value.dump()) + "\n");
  }
  print("\n" + printable(text_of(*page, "body")) + "\n");
  return exit_code::done;
}

int dead_drop_command(const ClientOptions& options) {
  const ControlClient daemon = daemon_for(options);
  const auto id = owner_of_page(daemon, options);
  if (!id) return id.error();
  const auto dropped = request_json(daemon, "DELETE", webhook_path(*id, "/dead?page=" + percent_encoded(options.page)));
  if (!dropped) return dropped.error();
  if (options.json) {
    print_json(*dropped);
  } else {
    print("dropped page " + std::to_string(number_of(*dropped, "sequence")) + " of " + printable(*id) + ", " +
          std::to_string(number_of(*dropped, "records")) + " records\n");
  }
  return exit_code::done;
}

int replay_command(const ClientOptions& options, const ReplayOptions& what) {
  Json body = Json::object();
  if (what.dead) body["dead"] = true;
  if (what.from != 0) body["from"] = what.from;
  if (what.to != 0) body["to"] = what.to;
  if (!what.since.empty()) body["since"] = what.since;
  if (!what.url.empty()) body["url"] = what.url;
  const auto answer =
      request_json(daemon_for(options), "POST", webhook_path(options.id, "/replay"), body.dump(), no_timeout);
  if (!answer) return answer.error();
  const std::int64_t pages = number_of(*answer, "revived") + number_of(*answer, "queued");
  const std::int64_t waiting = number_of(*answer, "waiting");
  if (options.json) print_json(*answer);
  if (pages + waiting == 0) {
    print_error(printable(text_of(*answer, "note")));
    return exit_code::failed;
  }
  if (options.json) return exit_code::done;
  print(std::to_string(pages) + (what.dead ? " dead" : "") + (pages == 1 ? " page of " : " pages of ") +
        printable(options.id) + " queued again" +
        (waiting > 0 ? "; " + std::to_string(waiting) + " were already waiting" : "") + "\n");
  return exit_code::done;
}

}  // namespace vhookd
