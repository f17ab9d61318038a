#include "daemon/engine/webhook_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "core/time_text.h"

namespace vhookd {

namespace {

using Json = nlohmann::ordered_json;

// Names come from files and databases; one byte that is not UTF-8 must not lose the whole answer.
std::string print(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void put(Json& out, const char* name, const std::string& text) {
  if (!text.empty()) out[name] = text;
}

void put(Json& out, const char* name, const std::optional<Instant>& at) {
  if (at) out[name] = rfc3339(*at);
}

void put_tracked(Json& out, const char* name, Instant at) {
  if (at != Instant{}) out[name] = rfc3339(at);
}

// Minutes; a whole number prints without a fraction.
Json minutes(std::chrono::milliseconds interval) {
  constexpr std::chrono::milliseconds minute = std::chrono::minutes(1);
  if (interval % minute == std::chrono::milliseconds(0)) return interval / minute;
  return static_cast<double>(interval.count()) / static_cast<double>(minute.count());
}

// The model has a map of strings: what is not a string stands as its JSON text.
void put_filters(Json& out, const std::string& filters_json) {
  if (filters_json.empty()) return;
  const Json given = Json::parse(filters_json, nullptr, false);
  if (!given.is_object()) return;
  Json filters = Json::object();
  for (const auto& [column, value] : given.items()) filters[column] = value.is_string() ? value : Json(print(value));
  out["filters"] = std::move(filters);
}

// What differs between those who see the object.
struct Shown {
  bool db_url = false;
  bool healthy = true;
  bool paused = false;
  const std::vector<Run>* runs = nullptr;
};

Json model(const config::Webhook& webhook, const WebhookState& state, const Shown& shown) {
  Json out = Json::object();
  out["id"] = webhook.id;
  put(out, "connection_id", webhook.connection_id);
  out["db_type"] = std::string(name_of(webhook.database->type));
  if (shown.db_url) put(out, "db_url", webhook.database->display);
  put(out, "db_schema", webhook.database->schema);
  put(out, "db_name_prefix", webhook.db_name_prefix);
  put(out, "object_type", webhook.object_type);
  out["event"] = std::string(name_of(webhook.event));
  put(out, "fields", joined(webhook.fields, ","));
  put_filters(out, webhook.filters_json);
  out["interval"] = minutes(webhook.interval);
  out["page_max_limit"] = webhook.page_max_limit;
  put(out, "hook_url", webhook.delivery->hook_url_display);
  put(out, "checked_at", state.checked_at);
  out["is_healthy"] = shown.healthy;
  out["is_paused"] = shown.paused;
  if (shown.runs != nullptr) {
    out["runs"] = Json::array();
    for (const Run& run : *shown.runs) out["runs"].push_back(describe(run));
  }
  put(out, "webhook_type", webhook.labels->webhook_type);
  put(out, "environment", webhook.labels->environment);
  put(out, "integration_type", webhook.labels->integration_type);
  put(out, "workspace_id", webhook.labels->workspace_id);
  put_tracked(out, "created_at", state.created_at);
  put_tracked(out, "updated_at", state.updated_at);
  return out;
}

Json status_object(const WebhookStatus& status) {
  Json out = model(status.webhook, status.state, {true, status.healthy, status.paused, &status.runs});
  out["lag_seconds"] = std::round(status.lag_seconds * 1000) / 1000;
  out["queued_pages"] = status.state.queued_pages;
  out["dead_pages"] = status.state.dead_pages;
  if (status.state.replay_pages > 0) out["replay_pages"] = status.state.replay_pages;
  put(out, "next_check_at", status.next_check_at);
  if (const auto& retrying = status.retrying) {
    Json& shown = out["next_attempt"] = {{"sequence", retrying->sequence}};
    put_tracked(shown, "at", retrying->not_before);
    shown["attempts"] = retrying->attempts;
    shown["error"] = retrying->error;
  }
  if (const auto& sync = status.first_sync) {
    Json& shown = out["first_sync"] = {{"rows", sync->rows}};
    if (sync->expected_rows) shown["expected_rows"] = *sync->expected_rows;
    shown["rows_per_second"] = std::round(sync->rows_per_second);
    if (const auto left = sync->seconds_left()) shown["seconds_left"] = std::round(*left);
  }
  put(out, "last_error", status.last_error);
  out["managed"] = status.by_api ? "api" : "yaml";
  out["epoch"] = status.state.epoch;
  return out;
}

}  // namespace

std::string webhook_json(const WebhookStatus& status) {
  return print(status_object(status));
}

std::string webhooks_json(std::span<const WebhookStatus> statuses) {
  Json list = Json::array();
  for (const auto& status : statuses) list.push_back(status_object(status));
  return print(list);
}

std::string payload_webhook_json(const config::Webhook& webhook, const WebhookState& state) {
  return print(model(webhook, state, {false, state.healthy, webhook.is_paused || state.paused, nullptr}));
}

}  // namespace vhookd
