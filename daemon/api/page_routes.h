// Handlers of the routes of the status page, which answer browsers with HTML. answer() calls them after checking
// access.
#pragma once

#include "daemon/api/api_reads.h"

namespace vhookd {

HttpResponse get_list_page(const ApiCall& call);     // ?q=, ?unhealthy=1, ?offset=
HttpResponse get_webhook_page(const ApiCall& call);  // ?page=PAGE: shows that dead page with its body
HttpResponse get_explain_page(const ApiCall& call);
HttpResponse get_asset(const ApiCall& call);  // the file is selected by the path

// Actions of the page's buttons. They answer with the webhook's page, which shows the result of the action.
HttpResponse page_pause(const ApiCall& call);
HttpResponse page_resume(const ApiCall& call);
HttpResponse page_trigger(const ApiCall& call);
HttpResponse page_replay(const ApiCall& call);

// Whether the client is a browser that accepts HTML. Such a client gets errors as pages, and a request without a token
// is answered so that the browser prompts its user.
bool wants_page(const HttpRequest& request);
HttpResponse as_page(const HttpResponse& error);

}  // namespace vhookd
