// What a webhook shares with its receiver and nobody else may read: header values, parts of the URL that came from
// ${…} references, the secrets it signs with. A receiver may say it back ("invalid token abc…"), and its words reach
// the log, the state and the API.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace vhookd {

class HookSecrets {
 public:
  explicit HookSecrets(const config::Webhook& webhook);

  // `text` with *** for each of them, and for the beginning of one at its end, where an excerpt may have cut it.
  // Under 8 bytes nothing counts as a secret: it would hide what the operator has to read. What the receiver has
  // encoded anew can't be known.
  std::string without(std::string text) const;

 private:
  void add(std::string_view text);

  std::vector<std::string> texts_;
};

}  // namespace vhookd
