#include "daemon/api/api_changes.h"

#include <nlohmann/json.hpp>

#include "config/hook.h"
#include "core/time_text.h"
#include "daemon/api/api_access.h"
#include "daemon/engine/definition.h"
#include "daemon/engine/json_body.h"
#include "daemon/engine/webhook_json.h"

namespace vhookd {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t largest_sequence = (std::uint64_t{1} << 53) - 1;

HttpResponse webhook_or_refusal(const ApiCall& call, const Answer<WebhookStatus>& status) {
  if (!status) return refusal_response(call, status.error());
  return {200, "application/json", webhook_json(*status) + "\n", {}};
}

std::optional<Json> object_of(const std::string& body) {
  Json parsed = parse_bounded(body);
  if (!parsed.is_object()) return std::nullopt;
  return parsed;
}

// The error for a field of the body other than is_paused, for a webhook from a YAML file; nullopt: the field is
// allowed.
std::optional<HttpResponse> field_error(const std::string& key, const Json& value, const Json& now, bool put) {
  const bool changed = !now.contains(key) || now[key] != value;
  // Tracked fields can change between the client's GET and PUT, so PUT ignores them. PATCH rejects only is_healthy.
  if (is_tracked(key)) {
    if (put || !changed || key != "is_healthy") return std::nullopt;
    return error_response(409, key + " is tracked by vhookd and cannot be set");
  }
  if (is_field(key)) {
    if (!changed) return std::nullopt;
    return error_response(409, key + " is set in the YAML configuration; change it there and reload");
  }
  return error_response(400, "\"" + key + "\" is not a field of a webhook");
}

// The parsed body of a replay request.
struct ReplayRequest {
  ReplayRange range;
  std::string url;
};

// Reads one entry of the body. Returns what is wrong with it; empty: nothing.
std::string read_replay_entry(ReplayRequest& out, const std::string& name, const Json& value) {
  if (name == "dead") {
    if (!value.is_boolean()) return "must be true or false";
    out.range.dead = value.get<bool>();
  } else if (name == "from" || name == "to") {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() == 0 || value.get<std::uint64_t>() > largest_sequence)
      return "must be a sequence number, 1 or more";
    (name == "from" ? out.range.from : out.range.to) = value.get<std::uint64_t>();
  } else if (name == "since") {
    out.range.since = value.is_string() ? parse_rfc3339(value.get<std::string>()) : std::nullopt;
    if (!out.range.since) return "must be a time such as 2026-11-23T09:00:00Z";
  } else if (name == "url") {
    if (!value.is_string()) return "must be a string";
    out.url = value.get<std::string>();
    if (out.url.empty()) return "is empty; leave it out to use the webhook's hook_url";
    return config::hook_url_error(out.url);
  } else {
    return "is unknown; known are dead, from, to, since and url";
  }
  return {};
}

// The note for a replay that matches no page.
std::string no_match_note(const ApiCall& call, const ReplayRange& range) {
  std::string note = "nothing to replay";
  if (const auto status = call.control.get(call.id)) {
    note += ": " + call.id + " has " +
            (range.dead ? std::to_string(status->state.dead_pages) + " dead pages"
                        : std::to_string(status->state.kept_pages) + " kept delivered pages");
    if (range.from || range.to || range.since) note += ", none of them in this range";
  }
  return note;
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
    } else if (auto refusal = field_error(key, value, now, call.request.method == "PUT")) {
      return *refusal;
    }
  }
  if (!pause)
    return error_response(
        400, "is_paused is missing; it is the only field that can be changed for a webhook from a YAML file");
  return webhook_or_refusal(call, *pause ? call.control.pause(call.id) : call.control.resume(call.id));
}

}  // namespace

HttpResponse create_webhook(const ApiCall& call) {
  std::optional<bool> include_all;
  if (const auto given = call.request.query.find("include_all"); given != call.request.query.end()) {
    if (given->second != "true" && given->second != "false")
      return error_response(400, "the query is not valid", {"include_all must be true or false"});
    include_all = given->second == "true";
  }
  // 200 instead of 201, because clients of the unified model accept only 200 as success.
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
  // 200 even if the poll failed: the request succeeded, and its result is the failed poll.
  Json body = {{"id", call.id},
               {"ok", run->ok},
               {"run", describe(*run)},
               {"started_at", rfc3339(run->started_at)},
               {"pages", run->pages},
               {"records", run->records},
               {"duration_ms", run->duration_ms}};
  if (!run->error.empty()) body["error"] = run->error;
  return json_response(body);
}

HttpResponse resume_webhook(const ApiCall& call) {
  return webhook_or_refusal(call, call.control.resume(call.id));
}

HttpResponse replay_webhook(const ApiCall& call) {
  const auto body = object_of(call.request.body);
  if (!body) return error_response(400, R"(the body must be a JSON object such as {"dead": true} or {"from": 17})");
  ReplayRequest requested;
  std::vector<std::string> wrong;
  for (const auto& [name, value] : body->items()) {
    if (const auto fault = read_replay_entry(requested, name, value); !fault.empty())
      wrong.push_back(std::string(name).append(" ").append(fault));
  }
  const ReplayRange& range = requested.range;
  if (!range.dead && !range.from && !range.to && !range.since && wrong.empty())
    wrong.emplace_back("select the pages with dead, from, to or since");
  if (range.from && range.to && *range.from > *range.to) wrong.emplace_back("from is greater than to");
  if (!wrong.empty()) return error_response(400, "the body is not valid: " + wrong.front(), wrong);
  const auto selected = call.control.replay(call.id, range, {requested.url, call.request.trusted});
  if (!selected) return refusal_response(call, selected.error());
  Json out = {
      {"id", call.id}, {"revived", selected->revived}, {"queued", selected->queued}, {"waiting", selected->waiting}};
  if (selected->revived + selected->queued + selected->waiting == 0) out["note"] = no_match_note(call, range);
  return json_response(out);
}

HttpResponse drop_dead_page(const ApiCall& call) {
  const auto page = call.request.query.find("page");
  if (page == call.request.query.end()) return error_response(400, "name the page to drop: ?page=PAGE");
  const auto dropped = call.control.drop_dead(call.id, page->second);
  if (!dropped) return refusal_response(call, dropped.error());
  return json_response({{"id", call.id},
                        {"page", page->second},
                        {"sequence", dropped->page.sequence},
                        {"records", dropped->page.records}});
}

HttpResponse reload_configuration(const ApiCall& call) {
  const auto report = call.control.reload();
  if (!report && report.error().why == Refusal::Why::invalid) {
    return error_response(400, "the configuration is not valid; the current one stays active", report.error().messages);
  }
  if (!report) return refusal_response(call, report.error());
  return json_response({{"added", report->added},
                        {"removed", report->removed},
                        {"changed", report->changed},
                        {"unchanged", report->unchanged},
                        {"notices", report->notices}});
}

}  // namespace vhookd
