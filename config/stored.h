// Webhooks that stand in no file: made through the API and kept in state, as JSON with the configuration's keys. They
// are read by the same keys, defaults and connections as those of the files.
#pragma once

#include <memory>
#include <string>

#include "config/config.h"
#include "config/load.h"

namespace vhookd::config {

// Whole only where there are no errors; with errors as much of it as could be read. Each error is
// "webhook.KEY: what is wrong, and what would be right"; one in a connection or a default names its place.
struct StoredWebhook {
  Webhook webhook;
  Errors errors;
};

// Reads one after another. No two may have one id. Not thread-safe.
class StoredReader {
 public:
  // `base`: of the configuration in force; secrets are looked up anew.
  StoredReader(std::shared_ptr<const Base> base, const SecretSources& secrets);
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
