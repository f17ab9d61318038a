// Handlers of the routes that change something. answer() calls them after checking access.
#pragma once

#include "daemon/api/api_reads.h"

namespace vhookd {

// Body and answer: a Webhook object, see daemon/engine/definition.h. With ?include_all=true, all existing rows are sent
// first.
HttpResponse create_webhook(const ApiCall& call);
// For a webhook from a YAML file, only is_paused can be changed. The body may contain the other fields of the model
// with their current values, so that a client can send back an object that it read; a different value is rejected,
// because it is set in the file. Fields that vhookd tracks are ignored. For a webhook that was created through the API,
// every field can be changed. PUT and PATCH are equivalent.
HttpResponse change_webhook(const ApiCall& call);
HttpResponse remove_webhook(const ApiCall& call);  // answers with the webhook before the removal
HttpResponse trigger_webhook(const ApiCall& call);
HttpResponse resume_webhook(const ApiCall& call);
// Body: {"dead": true}, a range {"from": SEQ, "to": SEQ, "since": TIME}, or both; "url": another receiver.
HttpResponse replay_webhook(const ApiCall& call);
HttpResponse drop_dead_page(const ApiCall& call);  // ?page=PAGE
HttpResponse reload_configuration(const ApiCall& call);

}  // namespace vhookd
