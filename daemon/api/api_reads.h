// Handlers of the routes that only read. answer() calls them after checking access.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "daemon/api/http.h"
#include "daemon/engine/control.h"

namespace vhookd {

struct ApiCall {
  const HttpRequest& request;
  Control& control;
  std::string id;        // the {id} of the path; empty: the route has none
  bool can_act = false;  // the client can authenticate for changes: a token is configured, or it uses the socket
};

// The current status of each webhook, with its runs. Webhooks that no longer exist are left out.
Answer<std::vector<WebhookStatus>> statuses_of(Control& control, std::span<const std::string> ids);

HttpResponse get_healthz(const ApiCall& call);
HttpResponse get_readyz(const ApiCall& call);
HttpResponse get_metrics(const ApiCall& call);
HttpResponse get_webhooks(const ApiCall& call);
HttpResponse get_webhook(const ApiCall& call);
HttpResponse get_runs(const ApiCall& call);
HttpResponse get_explain(const ApiCall& call);
HttpResponse get_dead(const ApiCall& call);

// 200 with the body as JSON. Text that is not UTF-8 gets replacement characters.
HttpResponse json_response(const nlohmann::ordered_json& body);

// The HTTP answer for a refusal of the daemon. For an unknown id it suggests the most similar one.
HttpResponse refusal_response(const ApiCall& call, const Refusal& refusal);

}  // namespace vhookd
