// The routes that change something. Each is called by answer() when the caller may ask it.
#pragma once

#include "daemon/api/api_reads.h"

namespace vhookd {

// Body and answer: a Webhook object, see daemon/engine/definition.h; ?include_all=true sends first what is there.
HttpResponse create_webhook(const ApiCall& call);
// Of a webhook of the YAML is_paused alone can be changed. The model's other fields may stand beside it as they are, so
// that an object that was read may be sent back; one that differs is refused, for YAML owns them. Those that vhookd
// tracks are passed over. Of a webhook kept in state every field may be changed; PUT and PATCH are the same.
HttpResponse change_webhook(const ApiCall& call);
HttpResponse remove_webhook(const ApiCall& call);  // answers with the webhook as it was
HttpResponse trigger_webhook(const ApiCall& call);
HttpResponse resume_webhook(const ApiCall& call);
// Body {"dead": true} and, or, the range: {"from": SEQ, "to": SEQ, "since": TIME}; "url": elsewhere.
HttpResponse replay_webhook(const ApiCall& call);
HttpResponse drop_dead_page(const ApiCall& call);  // ?page=PAGE
HttpResponse reload_configuration(const ApiCall& call);

}  // namespace vhookd
