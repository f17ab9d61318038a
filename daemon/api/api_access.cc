#include "daemon/api/api_access.h"

#include <openssl/crypto.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "core/crypto.h"
#include "core/text.h"

namespace vhookd {

namespace {

const std::string* header(const HttpRequest& request, const char* name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? nullptr : &found->second;
}

struct HostPort {
  std::string host;
  bool literal = false;  // an IP address, in canonical form
  int port = 80;
};

// "127.0.0.1:8420", "[::1]", "LocalHost:8420".
std::optional<HostPort> parse_host(std::string_view text) {
  const bool bracketed = text.starts_with('[');
  const std::size_t colon = text.find(':', bracketed ? std::min(text.find(']'), text.size()) : 0);
  HostPort out;
  if (colon != std::string_view::npos) {
    const std::string_view digits = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  }
  std::string_view host = text.substr(0, colon);
  if (bracketed) {
    if (host.size() < 3 || !host.ends_with(']')) return std::nullopt;
    host = host.substr(1, host.size() - 2);
  }
  const auto ip = canonical_ip(host);
  out.literal = ip.has_value();
  if (bracketed && !out.literal) return std::nullopt;
  out.host = ip ? *ip : lower(host);
  return out;
}

// Compares digests instead of the texts, so that the time depends neither on the lengths nor on the contents.
bool equal_in_constant_time(const std::string& given, const std::string& expected) {
  constexpr std::string_view key = "vhookd api token";
  const std::string a = hmac_sha256(key, given);
  const std::string b = hmac_sha256(key, expected);
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

// The text after `scheme` (in lower case, with the space) in the value of the header; nullopt: another scheme.
std::optional<std::string> after_scheme(const std::string& value, std::string_view scheme) {
  if (lower(value.substr(0, scheme.size())) != scheme) return std::nullopt;
  const std::size_t begin = value.find_first_not_of(' ', scheme.size());
  return begin == std::string::npos ? "" : value.substr(begin);
}

bool is_basic(const HttpRequest& request) {
  const std::string* value = header(request, "authorization");
  return value != nullptr && after_scheme(*value, "basic ");
}

// The token in the authorization header: a Bearer token, a token without a scheme, or the password of Basic, which
// browsers send, with any user name. nullopt: no header.
std::optional<std::string> token_of(const HttpRequest& request) {
  const std::string* value = header(request, "authorization");
  if (value == nullptr) return std::nullopt;
  if (auto bearer = after_scheme(*value, "bearer ")) return bearer;
  if (const auto basic = after_scheme(*value, "basic ")) {
    const auto user_and_password = decode_base64(*basic);
    if (!user_and_password) return "";
    const std::size_t colon = user_and_password->find(':');
    return colon == std::string::npos ? "" : user_and_password->substr(colon + 1);
  }
  return *value;
}

bool has_token(const HttpRequest& request, const ApiPolicy& policy) {
  const auto token = token_of(request);
  return token && !policy.token.empty() && equal_in_constant_time(*token, policy.token.reveal());
}

HttpResponse unauthorized(const HttpRequest& request, const std::string& what) {
  const bool wrong = header(request, "authorization") != nullptr;
  // For Basic, a browser prompts its user and sends the token only to this origin.
  const auto accept = header(request, "accept");
  const bool browser = accept != nullptr && accept->contains("text/html");
  HttpResponse response =
      error_response(401, wrong ? "the token does not match api.token"
                                : what + " requires the token of api.token: `authorization: Bearer TOKEN`");
  response.headers.emplace_back("www-authenticate",
                                browser ? R"(Basic realm="vhookd: the token is the password", charset="UTF-8")"
                                : wrong ? R"(Bearer realm="vhookd", error="invalid_token")"
                                        : R"(Bearer realm="vhookd")");
  return response;
}

// Whether `text`, the value of Host or the part of Origin after http://, names this server. A page that uses DNS
// rebinding must use a host name of its own, so every IP literal that leads to this server is accepted.
bool names_this_server(std::string_view text, const ApiPolicy& policy) {
  const auto asked = parse_host(text);
  if (!asked || asked->port != policy.listen.port) return false;
  if (asked->host == "localhost") return true;
  if (asked->literal) {
    return asked->host == policy.listen.host || is_loopback(asked->host) || is_wildcard(policy.listen.host);
  }
  return !is_loopback(policy.listen.host) &&
         std::ranges::any_of(policy.names, [&](const std::string& name) { return lower(name) == asked->host; });
}

}  // namespace

Result<ApiPolicy> api_policy(const config::Api& api, int port, std::vector<std::string> names) {
  ApiPolicy policy;
  policy.names = std::move(names);
  policy.token = api.token;
  if (api.listen.empty() || api.listen == "off") return policy;
  auto listen = parse_listen(api.listen);
  if (!listen) return std::unexpected(std::move(listen).error());
  policy.listen = {std::move(listen->host), port};
  return policy;
}

std::optional<HttpResponse> refuse_cross_origin(const HttpRequest& request, const ApiPolicy& policy) {
  if (request.trusted) return std::nullopt;  // browsers cannot connect to a Unix socket
  const std::string* host = header(request, "host");
  if (host == nullptr) return error_response(400, "the request has no Host header");
  // A non-loopback address can have host names that vhookd does not know, such as a load balancer's. There the token is
  // sufficient, because a page of another origin does not have it.
  const bool vouched = !is_loopback(policy.listen.host) && has_token(request, policy);
  if (!vouched && !names_this_server(*host, policy)) {
    return error_response(403, "the Host header names another server; use the address in api.listen");
  }
  // Requests for images and scripts have no Origin, but browsers send sec-fetch-site. Links from other sites are
  // allowed.
  const std::string* site = header(request, "sec-fetch-site");
  const std::string* mode = header(request, "sec-fetch-mode");
  const bool elsewhere = site != nullptr && *site != "same-origin" && *site != "none";
  if (elsewhere && (mode == nullptr || *mode != "navigate"))
    return error_response(403, "requests from pages of other origins are rejected");
  const std::string* origin = header(request, "origin");
  if (origin == nullptr) return std::nullopt;
  constexpr std::string_view scheme = "http://";
  const std::string from = lower(*origin);
  if (from.starts_with(scheme)) {
    const std::string_view rest = std::string_view(from).substr(scheme.size());
    if (names_this_server(rest, policy) || (vouched && rest == lower(*host))) return std::nullopt;
  }
  return error_response(403, "requests from pages of other origins are rejected");
}

std::optional<HttpResponse> refuse_read(const HttpRequest& request, const ApiPolicy& policy) {
  if (request.trusted || is_loopback(policy.listen.host) || has_token(request, policy)) return std::nullopt;
  if (policy.token.empty()) {
    return error_response(
        403, "on an address other than loopback, every path except /healthz requires a token; set api.token");
  }
  return unauthorized(request, "on an address other than loopback, every path except /healthz");
}

std::optional<HttpResponse> refuse_change(const HttpRequest& request, const ApiPolicy& policy) {
  if (request.trusted) return std::nullopt;
  if (has_token(request, policy)) {
    // A browser sends the password of Basic automatically, whichever page causes the request. Every POST of a browser
    // has an Origin, which is already checked; without one, or after a link from another site, the request is not the
    // user's.
    const std::string* site = header(request, "sec-fetch-site");
    const bool own = request.method == "GET" ? site == nullptr || *site == "same-origin" || *site == "none"
                                             : header(request, "origin") != nullptr;
    if (!is_basic(request) || own) return std::nullopt;
    return error_response(
        403, "a change with Basic authentication requires an Origin header; use `authorization: Bearer TOKEN`");
  }
  if (policy.token.empty()) {
    return error_response(403,
                          "changes over TCP require a token; set api.token, or use the vhookd command on this machine");
  }
  return unauthorized(request, "a change");
}

HttpResponse error_response(int status, const std::string& error, const std::vector<std::string>& details) {
  using Json = nlohmann::ordered_json;
  const Json body = {{"error", error}, {"details", details}};
  return {status, "application/json", body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n", {}};
}

}  // namespace vhookd
