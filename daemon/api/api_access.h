// Access control of the HTTP API. Pure. Thread-safe.
//
// It protects against two kinds of clients: web pages of other origins, which reach loopback through the operator's
// browser (detected by Origin, or by the name in Host after DNS rebinding), and other people, who do not have the
// token.
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
  ListenAddress listen{"127.0.0.1", 8420};  // with the actual port
  std::vector<std::string> names;           // host names of this machine, accepted in Host on a non-loopback address
  Secret token;                             // empty: none is configured
};

// The policy of a server that is configured by `api` and listens on `port`, which differs from api.listen if that has
// port 0. Without a TCP listener the address is the default, because no request arrives over TCP.
Result<ApiPolicy> api_policy(const config::Api& api, int port, std::vector<std::string> names);

// The answer to a request from a page of another origin: 403, or 400 without a Host header. nullopt: allowed.
std::optional<HttpResponse> refuse_cross_origin(const HttpRequest& request, const ApiPolicy& policy);

// The answer to a client that may not read, or not change anything: 401 or 403. nullopt: allowed.
std::optional<HttpResponse> refuse_read(const HttpRequest& request, const ApiPolicy& policy);
std::optional<HttpResponse> refuse_change(const HttpRequest& request, const ApiPolicy& policy);

// {"error": …, "details": […]}
HttpResponse error_response(int status, const std::string& error, const std::vector<std::string>& details = {});

}  // namespace vhookd
