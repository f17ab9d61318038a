#include "daemon/cli/check_command.h"

#include <netdb.h>

#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "config/load.h"
#include "config/units.h"
#include "connectors/connector.h"
#include "daemon/output/exit_code.h"
#include "daemon/service/paths.h"
#include "delivery/egress.h"
#include "scheduler/detect/guarantee.h"
#include "scheduler/detect/index_advice.h"
#include "scheduler/detect/plan.h"

namespace vhookd {

namespace {

// The result of probing one webhook. Errors keep the webhook from working.
struct Finding {
  std::string id;
  std::vector<std::string> found, warnings, errors;
};

void probe_table(const config::Webhook& webhook, Source& source, Finding& finding) {
  const auto table = source.describe({webhook.database->schema, webhook.table_name()});
  if (!table) return finding.errors.push_back(table.error().message);
  const auto plan = make_plan(webhook, *table, source.traits(), std::nullopt);
  if (!plan) return finding.errors.push_back(plan.error().message);
  const auto& can = source.traits().capabilities();
  finding.found.push_back(source.server() + ", " + plan->text.table);
  finding.found.push_back("detect: " + std::string(name_of(plan->strategy)) + ", because " + plan->reason);
  std::string key;
  for (const auto& column : plan->selection.key) key += (key.empty() ? "" : ", ") + column.name;
  finding.found.push_back(key.empty() ? "no key" : "key " + key);
  if (plan->strategy == Strategy::timestamp) {
    const auto index = index_advice(*plan);
    if (!index.used.empty()) finding.found.push_back("index " + index.used + " is used by the polls");
    if (index.used.empty())
      finding.warnings.push_back(index.cost + (index.missing.empty() ? "" : "; " + index.missing));
  }
  if (bounds_open_transactions(*plan) && plan->strategy == Strategy::timestamp && !source.sees_open_transactions()) {
    const auto reach = config::show(lookback(webhook));
    finding.warnings.push_back("transactions that commit more than " + reach +
                               " (lookback) after the time they wrote into " + plan->selection.stamp + " are missed; " +
                               can.open_transactions_grant + ", so that polls see open transactions and wait for them");
  }
  // Files are opened read-only, whatever their permissions.
  if (table->may_write && can.roles)
    finding.warnings.push_back("the role may write to " + plan->text.table +
                               "; vhookd needs only SELECT: use a separate role");
}

void probe_hook(const config::Webhook& webhook, const EgressRules& rules, Finding& finding) {
  const std::string host(written_host(webhook.delivery->hook_url));
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int error = getaddrinfo(host.c_str(), nullptr, &hints, &list); error != 0)
    return finding.errors.push_back("hook_url: " + host + " does not resolve: " + gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(list, &freeaddrinfo);
  std::vector<std::string> refused;
  bool allowed = false;
  for (const auto* at = list; at != nullptr; at = at->ai_next) {
    const auto address = ip_of(*at->ai_addr);
    const auto why = address ? rules.refusal(*address, webhook.delivery->hook_url)
                             : std::optional<std::string>("is not an IP address");
    if (why) refused.push_back(*why);
    allowed = allowed || !why;
  }
  if (!allowed && !refused.empty()) return finding.errors.push_back("hook_url: " + host + ": " + refused.front());
  finding.found.push_back("hook_url: " + host + " resolves");
}

std::vector<Finding> probe(const config::Config& config) {
  std::map<std::string, Result<std::unique_ptr<Source>>> sessions;  // one per database
  const EgressRules rules(config.egress);
  std::vector<Finding> findings;
  for (const auto& webhook : config.webhooks) {
    Finding finding{.id = webhook.id, .found = {}, .warnings = {}, .errors = {}};
    const std::string place = std::string(name_of(webhook.database->type)) + webhook.database->url.reveal();
    auto session = sessions.find(place);
    if (session == sessions.end()) session = sessions.emplace(place, connect(webhook.database, {})).first;
    if (session->second) {
      probe_table(webhook, **session->second, finding);
    } else {
      finding.errors.push_back(session->second.error().message);
    }
    probe_hook(webhook, rules, finding);
    findings.push_back(std::move(finding));
  }
  return findings;
}

void print_findings(const Finding& finding) {
  std::cout << finding.id << '\n';
  for (const auto& line : finding.found) std::cout << "  ok       " << line << '\n';
  for (const auto& line : finding.warnings) std::cout << "  warning  " << line << '\n';
  for (const auto& line : finding.errors) std::cout << "  error    " << line << '\n';
}

int print_findings_json(bool ok, const std::vector<std::string>& errors, const std::vector<std::string>& notices,
                        const std::vector<Finding>& findings) {
  nlohmann::ordered_json out = {
      {"ok", ok}, {"errors", errors}, {"notices", notices}, {"webhooks", nlohmann::json::array()}};
  for (const auto& finding : findings)
    out["webhooks"].push_back(
        {{"id", finding.id}, {"found", finding.found}, {"warnings", finding.warnings}, {"errors", finding.errors}});
  std::cout << out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  return ok ? exit_code::done : errors.empty() ? exit_code::failed : exit_code::configuration;
}

}  // namespace

int check_command(const CheckOptions& options) {
  const std::string path = config_path({.config = options.config, .state = {}}, process_environment());
  const auto config = config::load(path, config::system_secrets());
  if (!config) {
    if (options.json) return print_findings_json(false, config.error(), {}, {});
    for (const auto& error : config.error()) std::cerr << error << '\n';
    return exit_code::configuration;
  }
  std::vector<Finding> findings;
  if (options.probe) {
    initialise_connectors();
    findings = probe(*config);
  }
  bool ok = true;
  for (const auto& finding : findings) ok = ok && finding.errors.empty();
  if (options.json) return print_findings_json(ok, {}, config->notices, findings);
  for (const auto& notice : config->notices) std::cout << "notice: " << notice << '\n';
  for (const auto& finding : findings) print_findings(finding);
  std::cout << path << ": " << (ok ? "ok" : "not ok") << ", " << config->webhooks.size()
            << (config->webhooks.size() == 1 ? " webhook\n" : " webhooks\n");
  return ok ? exit_code::done : exit_code::failed;
}

}  // namespace vhookd
