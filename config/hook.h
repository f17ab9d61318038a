// Value types of the keys that describe a POST: hook_url, headers, secret, tls.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "config/value_type.h"
#include "core/secret.h"

namespace vhookd::config {

struct HookUrl {
  std::string url;      // references resolved
  std::string display;  // as written, references not resolved
};
ValueType<HookUrl> hook_url();

// Why vhookd cannot POST to `url`, worded as the end of a sentence; empty: it can. The text contains no part of the
// URL, whose path may be a secret.
std::string hook_url_error(std::string_view url);

// Names are in lower case. Headers that vhookd sets itself are rejected.
using Headers = std::vector<std::pair<std::string, Secret>>;
ValueType<Headers> headers();

// One whsec_… or whsk_…, or a list of them; decoded.
ValueType<std::vector<SigningKey>> signing_secrets();

// {ca, cert, key}: each the path of a PEM file, or a reference that resolves to PEM text.
ValueType<Tls> tls();

}  // namespace vhookd::config
