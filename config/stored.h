// Reads webhooks that were created through the API and are stored in the state as JSON. Keys, defaults and connections
// are the same as for webhooks in files.
#pragma once

#include <memory>
#include <string>

#include "config/config.h"
#include "config/load.h"

namespace vhookd::config {

// `webhook` is complete only without errors; otherwise it has the keys that could be read. Each error is
// "webhook.KEY: what is wrong; what to do"; an error in a connection or in defaults names its location.
struct StoredWebhook {
  Webhook webhook;
  Errors errors;
};

// Reads stored webhooks one after another; their ids must be unique. Not thread-safe.
class StoredReader {
 public:
  // `shared`: Config::base of the current configuration. Secrets are resolved again.
  StoredReader(std::shared_ptr<const SharedSettings> shared, const SecretSources& secrets);
  ~StoredReader();
  StoredReader(const StoredReader&) = delete;
  StoredReader& operator=(const StoredReader&) = delete;

  // REQUIRES: `json` is a JSON object.
  StoredWebhook read(const std::string& json);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vhookd::config
