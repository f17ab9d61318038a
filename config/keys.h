// The tables of all configuration keys, from which load() reads the files and json_schema() builds the schema.
// Internal to config/.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/database_url.h"
#include "config/filters.h"
#include "config/hook.h"
#include "config/value_type.h"

namespace vhookd::config {

// The keys of an entry under connections, which a webhook may have as well.
struct DatabaseDraft {
  std::optional<DbType> db_type;
  std::optional<DatabaseUrl> db_url;
  std::string db_schema;
};

// A webhook with its keys read, before its connection is resolved.
struct WebhookDraft : Webhook, DatabaseDraft {
  Filters filter;
};

// The top level of a file. The last three are read after all files are loaded.
struct TopDraft {
  std::string state;
  Api api;
  Log log;
  Egress egress;
  Limits limits;
  std::optional<Input> defaults, connections, webhooks;
};

// Created at the first call. Thread-safe.
const Keys<WebhookDraft>& webhook_keys();
const Keys<WebhookDraft>& default_keys();  // the same without id, and nothing required
const Keys<DatabaseDraft>& connection_keys();
const Keys<TopDraft>& top_keys();

}  // namespace vhookd::config
