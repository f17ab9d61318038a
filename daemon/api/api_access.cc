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

// Lengths and contents take the same time whatever they are: digests are compared, not the texts.
bool same(const std::string& given, const std::string& expected) {
  constexpr std::string_view key = "vhookd api token";
  const std::string a = hmac_sha256(key, given);
  const std::string b = hmac_sha256(key, expected);
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

// What follows `scheme`, in lower case with its blank, in the header's value; none: another scheme.
std::optional<std::string> after_scheme(const std::string& value, std::string_view scheme) {
  if (lower(value.substr(0, scheme.size())) != scheme) return std::nullopt;
  const std::size_t begin = value.find_first_not_of(' ', scheme.size());
  return begin == std::string::npos ? "" : value.substr(begin);
}

bool is_basic(const HttpRequest& request) {
  const std::string* value = header(request, "authorization");
  return value != nullptr && after_scheme(*value, "basic ");
}

// The token of the authorization header: a bearer's, the bare one, or the password of Basic, which is how a browser
// shows it, whatever user name its user gave. None: no header.
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
  return token && !policy.token.empty() && same(*token, policy.token.reveal());
}

HttpResponse ask_for_token(const HttpRequest& request, const std::string& what) {
  const bool wrong = header(request, "authorization") != nullptr;
  // A browser that is told of Basic asks its user, and shows the token to this origin and no other.
  const auto accept = header(request, "accept");
  const bool browser = accept != nullptr && accept->contains("text/html");
  HttpResponse response =
      error_response(401, wrong ? "the token is not the one in api.token"
                                : what + " needs the token of api.token, as `authorization: Bearer TOKEN`");
  response.headers.emplace_back("www-authenticate",
                                browser ? R"(Basic realm="vhookd: the token is the password", charset="UTF-8")"
                                : wrong ? R"(Bearer realm="vhookd", error="invalid_token")"
                                        : R"(Bearer realm="vhookd")");
  return response;
}

// Whether a request may call us by `text`, the value of Host or what follows http:// in Origin.
// A page that rebinds DNS has to use a name of its own, so IP literals that lead here are all good.
bool our_name(std::string_view text, const ApiPolicy& policy) {
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

std::optional<HttpResponse> refuse_foreign(const HttpRequest& request, const ApiPolicy& policy) {
  if (request.trusted) return std::nullopt;  // no browser speaks to a Unix socket
  const std::string* host = header(request, "host");
  if (host == nullptr) return error_response(400, "the request has no Host header");
  // Behind an address that isn't loopback stand names we cannot know (a load balancer's, say); there
  // the token vouches, for a foreign page cannot have it.
  const bool vouched = !is_loopback(policy.listen.host) && has_token(request, policy);
  if (!vouched && !our_name(*host, policy)) {
    return error_response(403, "the Host header names another server; ask by the address in api.listen");
  }
  // Pictures and scripts of other pages come without an Origin; browsers say so otherwise. A link may lead here.
  const std::string* site = header(request, "sec-fetch-site");
  const std::string* mode = header(request, "sec-fetch-mode");
  const bool elsewhere = site != nullptr && *site != "same-origin" && *site != "none";
  if (elsewhere && (mode == nullptr || *mode != "navigate"))
    return error_response(403, "requests from pages of other origins are refused");
  const std::string* origin = header(request, "origin");
  if (origin == nullptr) return std::nullopt;
  constexpr std::string_view scheme = "http://";
  const std::string from = lower(*origin);
  if (from.starts_with(scheme)) {
    const std::string_view rest = std::string_view(from).substr(scheme.size());
    if (our_name(rest, policy) || (vouched && rest == lower(*host))) return std::nullopt;
  }
  return error_response(403, "requests from pages of other origins are refused");
}

std::optional<HttpResponse> refuse_reader(const HttpRequest& request, const ApiPolicy& policy) {
  if (request.trusted || is_loopback(policy.listen.host) || has_token(request, policy)) return std::nullopt;
  if (policy.token.empty()) {
    return error_response(403, "on an address other than loopback all but /healthz needs a token; set api.token");
  }
  return ask_for_token(request, "on an address other than loopback all but /healthz");
}

std::optional<HttpResponse> refuse_changer(const HttpRequest& request, const ApiPolicy& policy) {
  if (request.trusted) return std::nullopt;
  if (has_token(request, policy)) {
    // A browser shows Basic's password by itself, to whichever page made it ask. Its Origin, which every POST of a
    // browser has, was found to be ours; without one, or where a link from elsewhere led here, it is somebody else's
    // wish.
    const std::string* site = header(request, "sec-fetch-site");
    const bool own = request.method == "GET" ? site == nullptr || *site == "same-origin" || *site == "none"
                                             : header(request, "origin") != nullptr;
    if (!is_basic(request) || own) return std::nullopt;
    return error_response(403, "with Basic a change needs an Origin; use `authorization: Bearer TOKEN`");
  }
  if (policy.token.empty()) {
    return error_response(403,
                          "changes over TCP need a token; set api.token, or use the vhookd command on this machine");
  }
  return ask_for_token(request, "a change");
}

HttpResponse error_response(int status, const std::string& error, const std::vector<std::string>& details) {
  using Json = nlohmann::ordered_json;
  const Json body = {{"error", error}, {"details", details}};
  return {status, "application/json", body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n", {}};
}

}  // namespace vhookd
