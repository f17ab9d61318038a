// The Webhook object as the API, the status command and the payload show it: the model's fields in
// snake_case and in the model's order. Pure. Never holds a secret: db_url stands without its password,
// hook_url as it was written, before secrets were put in, `secret` and `headers` not at all.
#pragma once

#include <span>
#include <string>

#include "config/config.h"
#include "daemon/engine/control.h"
#include "store/store.h"

namespace vhookd {

// One object, and a list of them; besides the model's fields lag_seconds, queued_pages, dead_pages,
// next_check_at, next_attempt while a page is tried again, last_error, first_sync while it is under way, managed:
// "yaml" or "api", and epoch (1, and one more with each deliberate new start).
std::string webhook_json(const WebhookStatus& status);
std::string webhooks_json(std::span<const WebhookStatus> statuses);

// The payload's `webhook`: the model's fields without db_url and runs. `state` as it was when the page
// was cut.
std::string payload_webhook_json(const config::Webhook& webhook, const WebhookState& state);

}  // namespace vhookd
