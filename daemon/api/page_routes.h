// The routes of the status page: requests of browsers, answered with HTML. Each is called by answer() when the caller
// may ask it.
#pragma once

#include "daemon/api/api_reads.h"

namespace vhookd {

HttpResponse get_list_page(const ApiCall& call);     // ?q=, ?unhealthy=1, ?offset=
HttpResponse get_webhook_page(const ApiCall& call);  // ?page=PAGE: that dead page whole
HttpResponse get_explain_page(const ApiCall& call);
HttpResponse get_asset(const ApiCall& call);  // by the path

// What the page's buttons do. Answered with the webhook's page, which says what came of it.
HttpResponse page_pause(const ApiCall& call);
HttpResponse page_resume(const ApiCall& call);
HttpResponse page_trigger(const ApiCall& call);
HttpResponse page_replay(const ApiCall& call);

// Whether a person looks at the answer: a browser asks for a page. Its errors are pages too, and where it must show the
// token it is asked in a way that makes it ask its user.
bool wants_page(const HttpRequest& request);
HttpResponse as_page(const HttpResponse& error);

}  // namespace vhookd
