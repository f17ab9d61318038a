// The HTTP API: one request in, one answer out. Pure but for what Control does; thread-safe where
// Control is. All answers are JSON; errors are {"error": …, "details": […]}.
#pragma once

#include "daemon/api/api_access.h"
#include "daemon/api/http.h"
#include "daemon/engine/control.h"

namespace vhookd {

// Changes need the token or the control socket, /control/reload the socket. HEAD is answered like GET,
// the server leaves the body out. What is not known here is 404.
//
// GET /unified/webhook gives at most `limit` (100; 1 to 1000) from `offset` on, of those that match connection_id,
// object (the object_type), integration_type, env, is_healthy, is_paused, updated_gte and created_lte, in the
// configuration's order or by `sort` (id, its like name, connection_id, created_at, updated_at, checked_at) and `order`
// (asc, desc); the header x-total-count says how many there are before the cut. GET …/dead leaves the pages' bodies
// out, but for ?page=PAGE, which gives the one page whole.
HttpResponse answer(const HttpRequest& request, Control& control, const ApiPolicy& policy);

}  // namespace vhookd
