// Who may ask the HTTP API what. Pure.
//
// Two dangers: a web page the operator happens to look at, which reaches loopback through the
// operator's own browser (it gives itself away by its Origin, or by its name in Host after DNS
// rebinding), and other people, who lack the token.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/error.h"
#include "daemon/api/http.h"
#include "daemon/api/listen_address.h"

namespace vhookd {

struct ApiPolicy {
  ListenAddress listen{"127.0.0.1", 8420};  // with the real port
  std::vector<std::string> names;           // this machine's own, good as Host on an address that isn't loopback
  Secret token;                             // empty: none is configured
};

// The policy of a server that listens by `api` on the real `port` (api.listen may say 0); without TCP
// the address stays the default, as nobody will ask by it.
Result<ApiPolicy> api_policy(const config::Api& api, int port, std::vector<std::string> names);

// The answer to a request that came from a foreign page: 403, or 400 without a Host. None: go on.
std::optional<HttpResponse> refuse_foreign(const HttpRequest& request, const ApiPolicy& policy);

// The answer to one who may not read, or not change: 401 or 403. None: go on.
std::optional<HttpResponse> refuse_reader(const HttpRequest& request, const ApiPolicy& policy);
std::optional<HttpResponse> refuse_changer(const HttpRequest& request, const ApiPolicy& policy);

// {"error": …, "details": […]}
HttpResponse error_response(int status, const std::string& error, const std::vector<std::string>& details = {});

}  // namespace vhookd
