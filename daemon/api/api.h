// The HTTP API: routes a request to its handler and returns the answer. Stateless: all effects are those of Control,
// and it is as thread-safe as Control. Answers are JSON, except for metrics and the status page; errors are {"error":
// …, "details": […]}.
#pragma once

#include "daemon/api/api_access.h"
#include "daemon/api/http.h"
#include "daemon/engine/control.h"

namespace vhookd {

// Changes require the token or the control socket; /control/reload requires the socket. HEAD is answered like GET, and
// the server omits the body. An unknown path is answered 404.
//
// GET /unified/webhook returns at most `limit` webhooks (default 100; 1 to 1000), starting at `offset`, that match the
// filters connection_id, object (the object_type), integration_type, env, is_healthy, is_paused, updated_gte and
// created_lte. They are in the order of the configuration, or sorted by `sort` (id, its alias name, connection_id,
// created_at, updated_at, checked_at) and `order` (asc, desc). The header x-total-count is the number of all matches.
// GET …/dead omits the bodies of the pages, except with ?page=PAGE, which returns that page completely.
HttpResponse answer(const HttpRequest& request, Control& control, const ApiPolicy& policy);

}  // namespace vhookd
