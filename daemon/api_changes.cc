#include "daemon/api_changes.h"

#include <nlohmann/json.hpp>

#include "core/time_text.h"
#include "daemon/api_access.h"
#include "daemon/definition.h"
#include "daemon/json_body.h"
#include "daemon/webhook_json.h"

namespace vhookd {

namespace {

using Json = nlohmann::ordered_json;

HttpResponse json(const Json& body) {
  return {200, "application/json", body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n", {}};
}

HttpResponse webhook_or_refusal(const ApiCall& call, const Answer<WebhookStatus>& status) {
  if (!status) return refusal_response(call, status.error());
  return {200, "application/json", webhook_json(*status) + "\n", {}};
}

std::optional<Json> object_of(const std::string& body) {
  Json parsed = parse_bounded(body);
  if (!parsed.is_object()) return std::nullopt;
  return parsed;
}

// What speaks against a field of the body other than is_paused, of a webhook of the YAML: an answer to give, or
// nothing.
std::optional<HttpResponse> object_to(const std::string& key, const Json& value, const Json& now, bool put) {
  const bool changed = !now.contains(key) || now[key] != value;
  // What is tracked moves on between reading and writing; a client that means to set its health is told.
  if (is_tracked(key)) {
    if (put || !changed || key != "is_healthy") return std::nullopt;
    return error_response(409, key + " is tracked by vhookd and cannot be set");
  }
  if (is_field(key)) {
    if (!changed) return std::nullopt;
    return error_response(409, key + " is set in the YAML configuration; change it there and reload");
  }
  return error_response(400, "\"" + key + "\" is no field of a webhook");
}

HttpResponse change_yaml_webhook(const ApiCall& call, const WebhookStatus& status) {
  const auto body = object_of(call.request.body);
  if (!body) return error_response(400, "the body must be a JSON object such as {\"is_paused\": true}");
  const Json now = Json::parse(webhook_json(status));
  std::optional<bool> pause;
  for (const auto& [name, value] : body->items()) {
    const std::string key = model_name(name);
    if (key == "is_paused") {
      if (!value.is_boolean()) return error_response(400, "is_paused must be true or false");
      pause = value.get<bool>();
    } else if (auto objection = object_to(key, value, now, call.request.method == "PUT")) {
      return *objection;
    }
  }
  if (!pause) return error_response(400, "is_paused is missing; it is what can be changed of a webhook of the YAML");
  return webhook_or_refusal(call, *pause ? call.control.pause(call.id) : call.control.resume(call.id));
}

}  // namespace

HttpResponse create_webhook(const ApiCall& call) {
  std::optional<bool> include_all;
  if (const auto given = call.request.query.find("include_all"); given != call.request.query.end()) {
    if (given->second != "true" && given->second != "false")
      return error_response(400, "the query is not right", {"include_all must be true or false"});
    include_all = given->second == "true";
  }
  // 200, not 201: the model's clients take nothing else for success.
  return webhook_or_refusal(call, call.control.create(call.request.body, include_all));
}

HttpResponse change_webhook(const ApiCall& call) {
  const auto status = call.control.get(call.id);
  if (!status) return refusal_response(call, status.error());
  if (!status->by_api) return change_yaml_webhook(call, *status);
  return webhook_or_refusal(call, call.control.change(call.id, call.request.body));
}

HttpResponse remove_webhook(const ApiCall& call) {
  return webhook_or_refusal(call, call.control.remove(call.id));
}

HttpResponse trigger_webhook(const ApiCall& call) {
  const auto run = call.control.trigger(call.id);
  if (!run) return refusal_response(call, run.error());
  // 200 for a poll that failed, too: the question was answered, and the answer is that it failed.
  Json body = {{"id", call.id},
               {"ok", run->ok},
               {"run", describe(*run)},
               {"started_at", rfc3339(run->started_at)},
               {"pages", run->pages},
               {"records", run->records},
               {"duration_ms", run->duration_ms}};
  if (!run->error.empty()) body["error"] = run->error;
  return json(body);
}

HttpResponse resume_webhook(const ApiCall& call) {
  return webhook_or_refusal(call, call.control.resume(call.id));
}

HttpResponse replay_webhook(const ApiCall& call) {
  const auto body = object_of(call.request.body);
  if (!body || body->size() != 1 || !body->contains("dead") || (*body)["dead"] != true) {
    return error_response(400, "the body must be {\"dead\": true}; it sends the webhook's dead pages again");
  }
  const auto revived = call.control.replay_dead(call.id);
  if (!revived) return refusal_response(call, revived.error());
  return json({{"id", call.id}, {"revived", *revived}});
}

HttpResponse drop_dead_page(const ApiCall& call) {
  const auto page = call.request.query.find("page");
  if (page == call.request.query.end()) return error_response(400, "name the page to drop: ?page=PAGE");
  const auto dropped = call.control.drop_dead(call.id, page->second);
  if (!dropped) return refusal_response(call, dropped.error());
  return json({{"id", call.id},
               {"page", page->second},
               {"sequence", dropped->page.sequence},
               {"records", dropped->page.records}});
}

HttpResponse reload_configuration(const ApiCall& call) {
  const auto report = call.control.reload();
  if (!report && report.error().why == Refusal::Why::invalid) {
    return error_response(400, "the configuration is not valid; the running one stays in force",
                          report.error().messages);
  }
  if (!report) return refusal_response(call, report.error());
  return json({{"added", report->added},
               {"removed", report->removed},
               {"changed", report->changed},
               {"unchanged", report->unchanged},
               {"notices", report->notices}});
}

}  // namespace vhookd
