// Every key of the configuration, once: what load() reads by and json_schema() is made from.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/database_url.h"
#include "config/filters.h"
#include "config/form.h"
#include "config/hook.h"

namespace vhookd::config {

// What an entry under connections says, and what a webhook may say of its database itself.
struct DatabaseDraft {
  std::optional<DbType> db_type;
  std::optional<DatabaseUrl> db_url;
  std::string db_schema;
};

// A webhook as its keys were read, before connection and defaults are put together.
struct WebhookDraft : Webhook, DatabaseDraft {
  Filters filter;
};

// The top level; the last three are read once every file is known.
struct TopDraft {
  std::string state;
  Api api;
  Log log;
  Egress egress;
  Limits limits;
  std::optional<Input> defaults, connections, webhooks;
};

// Made once, at the first call, by whichever thread.
const Keys<WebhookDraft>& webhook_keys();
const Keys<WebhookDraft>& default_keys();  // the same without id
const Keys<DatabaseDraft>& connection_keys();
const Keys<TopDraft>& top_keys();

}  // namespace vhookd::config
