#include "daemon/api/api.h"

#include <array>

#include "daemon/api/api_changes.h"
#include "daemon/api/api_reads.h"
#include "daemon/api/page_routes.h"

namespace vhookd {

namespace {

enum class Access { anyone, read, change, socket };  // what a route requires

struct Route {
  std::string_view method;
  std::string_view path;  // {id} matches one segment
  Access access;
  HttpResponse (*handle)(const ApiCall& call);
};

constexpr std::array routes = {
    Route{"GET", "/healthz", Access::anyone, get_healthz},
    Route{"GET", "/readyz", Access::read, get_readyz},
    Route{"GET", "/metrics", Access::read, get_metrics},
    Route{"GET", "/openapi.json", Access::read, get_asset},
    Route{"GET", "/unified/webhook", Access::read, get_webhooks},
    Route{"GET", "/unified/webhook/{id}", Access::read, get_webhook},
    Route{"POST", "/unified/webhook", Access::change, create_webhook},
    Route{"PATCH", "/unified/webhook/{id}", Access::change, change_webhook},
    Route{"PUT", "/unified/webhook/{id}", Access::change, change_webhook},
    Route{"DELETE", "/unified/webhook/{id}", Access::change, remove_webhook},
    Route{"PATCH", "/unified/webhook/{id}/trigger", Access::change, trigger_webhook},
    Route{"PUT", "/unified/webhook/{id}/trigger", Access::change, trigger_webhook},
    Route{"PUT", "/unified/webhook/{id}/resume", Access::change, resume_webhook},
    Route{"GET", "/unified/webhook/{id}/runs", Access::read, get_runs},
    // Queries the database and shows rows, so it requires the same access as a change.
    Route{"GET", "/unified/webhook/{id}/explain", Access::change, get_explain},
    Route{"GET", "/unified/webhook/{id}/dead", Access::read, get_dead},
    Route{"DELETE", "/unified/webhook/{id}/dead", Access::change, drop_dead_page},
    Route{"POST", "/unified/webhook/{id}/replay", Access::change, replay_webhook},
    Route{"GET", "/", Access::read, get_list_page},
    Route{"GET", "/app.css", Access::read, get_asset},
    Route{"GET", "/app.js", Access::read, get_asset},
    Route{"GET", "/icon.svg", Access::read, get_asset},
    Route{"GET", "/webhook/{id}", Access::read, get_webhook_page},
    Route{"GET", "/webhook/{id}/explain", Access::change, get_explain_page},
    Route{"POST", "/webhook/{id}/pause", Access::change, page_pause},
    Route{"POST", "/webhook/{id}/resume", Access::change, page_resume},
    Route{"POST", "/webhook/{id}/trigger", Access::change, page_trigger},
    Route{"POST", "/webhook/{id}/replay", Access::change, page_replay},
    Route{"POST", "/control/reload", Access::socket, reload_configuration},
};

// The {id} of `path` if it matches `pattern`, "" if the pattern has no {id}, nullopt if it does not match.
std::optional<std::string> match(std::string_view path, std::string_view pattern) {
  constexpr std::string_view hole = "{id}";
  const std::size_t at = pattern.find(hole);
  if (at == std::string_view::npos) return path == pattern ? std::optional<std::string>("") : std::nullopt;
  const std::string_view before = pattern.substr(0, at);
  const std::string_view after = pattern.substr(at + hole.size());
  if (path.size() <= before.size() + after.size() || !path.starts_with(before) || !path.ends_with(after)) return {};
  const std::string_view id = path.substr(before.size(), path.size() - before.size() - after.size());
  if (id.find('/') != std::string_view::npos) return {};
  return std::string(id);
}

std::optional<HttpResponse> refuse(Access access, const HttpRequest& request, const ApiPolicy& policy) {
  switch (access) {
    case Access::anyone:
    case Access::read:  // already checked, before the route was looked up
      return std::nullopt;
    case Access::change:
      return refuse_change(request, policy);
    case Access::socket:
      if (request.trusted) return std::nullopt;
      return error_response(
          403, "this request is accepted only on the control socket; use the vhookd command on this machine");
  }
  return std::nullopt;
}

HttpResponse no_such_method(const HttpRequest& request, const std::string& allowed) {
  HttpResponse response = error_response(405, request.method + " is not supported here; supported: " + allowed);
  response.headers.emplace_back("allow", allowed);
  return response;
}

HttpResponse plain_answer(const HttpRequest& request, Control& control, const ApiPolicy& policy) {
  if (auto refused = refuse_cross_origin(request, policy)) return *refused;
  if (request.path != "/healthz") {
    // Before the route is looked up, so that a client without access does not learn which paths exist.
    if (auto refused = refuse_read(request, policy)) return *refused;
  }
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  std::string allowed;
  for (const Route& route : routes) {
    const auto id = match(request.path, route.path);
    if (!id) continue;
    if (route.method == method) {
      if (auto refused = refuse(route.access, request, policy)) return *refused;
      return route.handle({request, control, *id, !policy.token.empty() || request.trusted});
    }
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.method) + (route.method == "GET" ? ", HEAD" : "");
  }
  if (allowed.empty()) return error_response(404, "unknown path");
  return no_such_method(request, allowed);
}

}  // namespace

HttpResponse answer(const HttpRequest& request, Control& control, const ApiPolicy& policy) {
  HttpResponse response = plain_answer(request, control, policy);
  const bool json_error = response.status >= 400 && response.content_type == "application/json";
  return json_error && wants_page(request) ? as_page(response) : response;
}

}  // namespace vhookd
