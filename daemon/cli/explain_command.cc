#include "daemon/cli/explain_command.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "config/load.h"
#include "config/spelling.h"
#include "connectors/connector.h"
#include "core/crypto.h"
#include "daemon/cli/daemon_request.h"
#include "daemon/explain/explanation.h"
#include "daemon/explain/explanation_print.h"
#include "daemon/output/exit_code.h"
#include "daemon/output/terminal.h"
#include "daemon/service/paths.h"

namespace vhookd {

namespace {

int failed(const std::string& message) {
  std::cerr << "vhookd: " << printable(message) << '\n';
  return exit_code::failed;
}

int unknown(const std::string& id, const config::Config& config) {
  std::vector<std::string> ids;
  for (const auto& webhook : config.webhooks) ids.push_back(webhook.id);
  if (ids.empty()) return failed("no webhook has the id \"" + id + "\"; the configuration has no webhooks");
  const bool list_them = ids.size() <= 20;
  const auto hint = list_them || !config::nearest(id, ids).empty() ? config::suggestion(id, ids) : "";
  return failed("no webhook has the id \"" + id + "\"" + hint);
}

// The current epoch of the webhook; empty if no running daemon knows it.
std::string running(const ExplainOptions& options) {
  const ControlClient daemon(find_socket({.config = options.config, .state = options.state}, process_environment()));
  const auto reply = daemon.call("GET", webhook_path(options.id), {}, std::chrono::seconds(2));
  if (!reply || reply->status != 200) return {};
  const auto webhook = Json::parse(reply->body, nullptr, false);
  if (!webhook.is_object() || number_of(webhook, "epoch") == 0) return {};
  const auto checked = text_of(webhook, "checked_at");
  return "epoch " + std::to_string(number_of(webhook, "epoch")) +
         (checked.empty() ? ", not polled yet" : ", last poll " + checked);
}

}  // namespace

int explain_command(const ExplainOptions& options) {
  const std::string path = config_path({.config = options.config, .state = {}}, process_environment());
  const auto config = config::load(path, config::system_secrets());
  if (!config) {
    for (const auto& error : config.error()) std::cerr << error << '\n';
    return exit_code::configuration;
  }
  const auto webhook = std::ranges::find(config->webhooks, options.id, &config::Webhook::id);
  if (webhook == config->webhooks.end()) return unknown(options.id, *config);

  initialise_connectors();
  const auto session = connect(webhook->database, {});
  if (!session) return failed(session.error().message);
  const SystemClock clock;
  const auto explanation = explain(*webhook, {.source = **session, .now = clock.now(), .random_id = random_id});
  if (!explanation) return failed(explanation.error().message);
  (*explanation)->running = running(options);
  std::cout << (options.json ? explanation_json(**explanation) : explanation_text(**explanation));
  std::cout.flush();
  if ((*explanation)->failed) return failed("the first page cannot be read: " + (*explanation)->failed->message);
  return exit_code::done;
}

}  // namespace vhookd
