#include "daemon/api/page_routes.h"

#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/clock.h"
#include "daemon/api/api_access.h"
#include "daemon/page/page.h"
#include "daemon/page/page_assets.h"

namespace vhookd {

namespace {

// No external resources, nothing inline, no framing. The referrer policy is same-origin instead of no-referrer, because
// with the latter browsers send `origin: null` for the page's own forms, which would be rejected.
constexpr const char* policy =
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'";

HttpResponse html(std::string body, int status = 200) {
  return {status,
          "text/html; charset=utf-8",
          std::move(body),
          {{"content-security-policy", policy},
           {"referrer-policy", "same-origin"},
           {"x-frame-options", "DENY"},
           {"cross-origin-opener-policy", "same-origin"},
           {"cross-origin-resource-policy", "same-origin"}}};
}

PageContext context_of(const ApiCall& call) {
  return {.now = SystemClock().now(), .can_act = call.can_act};
}

std::string parameter(const ApiCall& call, const char* name) {
  const auto found = call.request.query.find(name);
  return found == call.request.query.end() ? "" : found->second;
}

HttpResponse webhook_with(const ApiCall& call, const std::optional<ActionResult>& result, int status_code = 200) {
  const auto status = call.control.get(call.id);
  if (!status) return refusal_response(call, status.error());
  std::vector<DeadPage> dead;
  if (status->state.dead_pages > 0) {
    auto pages = call.control.dead(call.id);
    if (!pages) return refusal_response(call, pages.error());
    dead = std::move(*pages);
  }
  return html(webhook_page(*status, dead, context_of(call), result), status_code);
}

HttpResponse refused(const ApiCall& call, const Refusal& refusal) {
  HttpResponse plain = refusal_response(call, refusal);
  if (refusal.why == Refusal::Why::not_found) return plain;
  std::string text;
  for (const auto& message : refusal.messages) text += (text.empty() ? "" : "\n") + message;
  return webhook_with(call, ActionResult{.text = text, .good = false}, plain.status);
}

}  // namespace

HttpResponse get_list_page(const ApiCall& call) {
  ListView view{.find = parameter(call, "q"), .unhealthy_only = parameter(call, "unhealthy") == "1"};
  const std::string offset = parameter(call, "offset");
  std::from_chars(offset.data(), offset.data() + offset.size(), view.offset);
  ListPage list(view);
  const auto listed = call.control.each(0, std::numeric_limits<std::size_t>::max(),
                                        [&](const WebhookStatus& status) { list.take(status); });
  if (!listed) return refusal_response(call, listed.error());
  const auto shown = statuses_of(call.control, list.shown());
  if (!shown) return refusal_response(call, shown.error());
  return html(list.html(*shown, context_of(call)));
}

HttpResponse get_webhook_page(const ApiCall& call) {
  const std::string page = parameter(call, "page");
  if (page.empty()) return webhook_with(call, std::nullopt);
  const auto dead = call.control.dead(call.id);
  if (!dead) return refusal_response(call, dead.error());
  const auto found = std::ranges::find(*dead, page, [](const DeadPage& one) { return one.page.id; });
  if (found == dead->end()) return error_response(404, "no dead page has this id");
  return html(dead_page_page(*found));
}

HttpResponse get_explain_page(const ApiCall& call) {
  const auto text = call.control.explain(call.id, false);
  if (!text) return refused(call, text.error());
  return html(explain_page(call.id, *text));
}

HttpResponse get_asset(const ApiCall& call) {
  const std::string name = call.request.path.substr(1);
  const char* type = name.ends_with(".css")    ? "text/css; charset=utf-8"
                     : name.ends_with(".js")   ? "text/javascript; charset=utf-8"
                     : name.ends_with(".json") ? "application/json"
                                               : "image/svg+xml";
  return {200, type, std::string(page_asset(name)), {{"cross-origin-resource-policy", "same-origin"}}};
}

HttpResponse page_pause(const ApiCall& call) {
  const auto paused = call.control.pause(call.id);
  return paused ? webhook_with(call, ActionResult{"Paused. Changes wait in the database."})
                : refused(call, paused.error());
}

HttpResponse page_resume(const ApiCall& call) {
  const auto resumed = call.control.resume(call.id);
  return resumed ? webhook_with(call, ActionResult{"Resumed."}) : refused(call, resumed.error());
}

HttpResponse page_trigger(const ApiCall& call) {
  const auto run = call.control.trigger(call.id);
  if (!run) return refused(call, run.error());
  return webhook_with(call, ActionResult{.text = "Polled: " + describe(*run), .good = run->ok});
}

HttpResponse page_replay(const ApiCall& call) {
  const auto selected = call.control.replay(call.id, {.dead = true}, {});
  if (!selected) return refused(call, selected.error());
  const int pages = selected->revived + selected->queued;
  return webhook_with(call, ActionResult{std::to_string(pages) + (pages == 1 ? " page" : " pages") + " queued again."});
}

bool wants_page(const HttpRequest& request) {
  const auto accept = request.headers.find("accept");
  return accept != request.headers.end() && accept->second.contains("text/html");
}

HttpResponse as_page(const HttpResponse& error) {
  const auto body = nlohmann::json::parse(error.body, nullptr, false);
  if (!body.is_object() || !body.contains("error")) return error;
  HttpResponse page =
      html(error_page(error.status, body["error"], body["details"].get<std::vector<std::string>>()), error.status);
  for (const auto& header : error.headers) page.headers.push_back(header);
  return page;
}

}  // namespace vhookd
