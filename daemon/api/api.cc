#include "daemon/api/api.h"

#include <array>

#include "daemon/api/api_changes.h"
#include "daemon/api/api_reads.h"
#include "daemon/api/page_routes.h"

namespace vhookd {

namespace {

enum class Right { everybody, reader, changer, socket };

struct Route {
  std::string_view method;
  std::string_view path;  // {id} stands for one segment
  Right right;
  HttpResponse (*handle)(const ApiCall& call);
};

constexpr std::array routes = {
    Route{"GET", "/healthz", Right::everybody, get_healthz},
    Route{"GET", "/readyz", Right::reader, get_readyz},
    Route{"GET", "/metrics", Right::reader, get_metrics},
    Route{"GET", "/openapi.json", Right::reader, get_asset},
    Route{"GET", "/unified/webhook", Right::reader, get_webhooks},
    Route{"GET", "/unified/webhook/{id}", Right::reader, get_webhook},
    Route{"POST", "/unified/webhook", Right::changer, create_webhook},
    Route{"PATCH", "/unified/webhook/{id}", Right::changer, change_webhook},
    Route{"PUT", "/unified/webhook/{id}", Right::changer, change_webhook},
    Route{"DELETE", "/unified/webhook/{id}", Right::changer, remove_webhook},
    Route{"PATCH", "/unified/webhook/{id}/trigger", Right::changer, trigger_webhook},
    Route{"PUT", "/unified/webhook/{id}/trigger", Right::changer, trigger_webhook},
    Route{"PUT", "/unified/webhook/{id}/resume", Right::changer, resume_webhook},
    Route{"GET", "/unified/webhook/{id}/runs", Right::reader, get_runs},
    // It asks the database and shows rows, so it is for those who may act.
    Route{"GET", "/unified/webhook/{id}/explain", Right::changer, get_explain},
    Route{"GET", "/unified/webhook/{id}/dead", Right::reader, get_dead},
    Route{"DELETE", "/unified/webhook/{id}/dead", Right::changer, drop_dead_page},
    Route{"POST", "/unified/webhook/{id}/replay", Right::changer, replay_webhook},
    Route{"GET", "/", Right::reader, get_list_page},
    Route{"GET", "/app.css", Right::reader, get_asset},
    Route{"GET", "/app.js", Right::reader, get_asset},
    Route{"GET", "/icon.svg", Right::reader, get_asset},
    Route{"GET", "/webhook/{id}", Right::reader, get_webhook_page},
    Route{"GET", "/webhook/{id}/explain", Right::changer, get_explain_page},
    Route{"POST", "/webhook/{id}/pause", Right::changer, page_pause},
    Route{"POST", "/webhook/{id}/resume", Right::changer, page_resume},
    Route{"POST", "/webhook/{id}/trigger", Right::changer, page_trigger},
    Route{"POST", "/webhook/{id}/replay", Right::changer, page_replay},
    Route{"POST", "/control/reload", Right::socket, reload_configuration},
};

// The {id} of `path` where it has the shape of `pattern`; "" where the pattern has none.
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

std::optional<HttpResponse> refuse(Right right, const HttpRequest& request, const ApiPolicy& policy) {
  switch (right) {
    case Right::everybody:
    case Right::reader:  // asked for already, before the route was looked for
      return std::nullopt;
    case Right::changer:
      return refuse_changer(request, policy);
    case Right::socket:
      if (request.trusted) return std::nullopt;
      return error_response(403, "this is answered on the control socket only; use the vhookd command on this machine");
  }
  return std::nullopt;
}

HttpResponse no_such_method(const HttpRequest& request, const std::string& allowed) {
  HttpResponse response = error_response(405, request.method + " is not possible here; " + allowed + " is");
  response.headers.emplace_back("allow", allowed);
  return response;
}

HttpResponse plain_answer(const HttpRequest& request, Control& control, const ApiPolicy& policy) {
  if (auto refused = refuse_foreign(request, policy)) return *refused;
  if (request.path != "/healthz") {
    // Before the route: who may not read learns nothing of what there is.
    if (auto refused = refuse_reader(request, policy)) return *refused;
  }
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  std::string allowed;
  for (const Route& route : routes) {
    const auto id = match(request.path, route.path);
    if (!id) continue;
    if (route.method == method) {
      if (auto refused = refuse(route.right, request, policy)) return *refused;
      return route.handle({request, control, *id, !policy.token.empty() || request.trusted});
    }
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.method) + (route.method == "GET" ? ", HEAD" : "");
  }
  if (allowed.empty()) return error_response(404, "there is nothing at this path");
  return no_such_method(request, allowed);
}

}  // namespace

HttpResponse answer(const HttpRequest& request, Control& control, const ApiPolicy& policy) {
  HttpResponse response = plain_answer(request, control, policy);
  const bool told_in_json = response.status >= 400 && response.content_type == "application/json";
  return told_in_json && wants_page(request) ? as_page(response) : response;
}

}  // namespace vhookd
