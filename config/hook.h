// The forms of what a POST is made with: hook_url, headers, signing secrets.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "config/form.h"
#include "core/secret.h"

namespace vhookd::config {

struct HookUrl {
  std::string url;      // references resolved
  std::string display;  // as written: a token in a reference stays one
};
Form<HookUrl> hook_url();

// What keeps `url` from being one to POST to, as the end of a sentence; empty: nothing. Says no part of it but its
// scheme: a path may be as good as a password.
std::string fault_of_hook_url(std::string_view url);

// Names in lower case, none that vhookd sets itself.
using Headers = std::vector<std::pair<std::string, Secret>>;
Form<Headers> headers();

// One whsec_… or whsk_…, or a list; decoded.
Form<std::vector<SigningKey>> signing_secrets();

// {ca, cert, key}: each the path of a PEM file, or its text by a reference.
Form<Tls> tls();

}  // namespace vhookd::config
