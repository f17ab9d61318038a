// The forms of what a POST is made with: hook_url, headers, signing secrets.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/form.h"
#include "core/secret.h"

namespace vhookd::config {

struct HookUrl {
  std::string url;      // references resolved
  std::string display;  // as written: a token in a reference stays one
};
Form<HookUrl> hook_url();

// Names in lower case, none that vhookd sets itself.
using Headers = std::vector<std::pair<std::string, Secret>>;
Form<Headers> headers();

// One whsec_… or a list; decoded.
Form<std::vector<Secret>> signing_secrets();

}  // namespace vhookd::config
