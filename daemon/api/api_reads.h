// The routes that only look. Each is called by answer() when the caller may ask it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "daemon/api/http.h"
#include "daemon/engine/control.h"

namespace vhookd {

struct ApiCall {
  const HttpRequest& request;
  Control& control;
  std::string id;        // the {id} of the path; empty where the route has none
  bool can_act = false;  // there is a token to be let in with
};

// As they stand now, with their runs; one that has gone meanwhile is left out.
Answer<std::vector<WebhookStatus>> statuses_of(Control& control, std::span<const std::string> ids);

HttpResponse get_healthz(const ApiCall& call);
HttpResponse get_readyz(const ApiCall& call);
HttpResponse get_metrics(const ApiCall& call);
HttpResponse get_webhooks(const ApiCall& call);
HttpResponse get_webhook(const ApiCall& call);
HttpResponse get_runs(const ApiCall& call);
HttpResponse get_explain(const ApiCall& call);
HttpResponse get_dead(const ApiCall& call);

// A refusal of the daemon as an answer. An id that is not there is told with the nearest one.
HttpResponse refusal_response(const ApiCall& call, const Refusal& refusal);

}  // namespace vhookd
