#include "daemon/api/api_reads.h"

#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>

#include "config/spelling.h"
#include "core/time_text.h"
#include "daemon/api/api_access.h"
#include "daemon/engine/metrics.h"
#include "daemon/engine/webhook_json.h"

namespace vhookd {

namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t everything = std::numeric_limits<std::size_t>::max();

HttpResponse json_response(std::string body) {
  return {200, "application/json", std::move(body) + "\n", {}};
}

// The parsed query of GET /unified/webhook.
struct Selection {
  std::size_t limit = 100;
  std::size_t offset = 0;
  std::optional<bool> is_healthy, is_paused;
  std::optional<std::string> connection_id, object_type, integration_type, environment;
  std::optional<Instant> updated_gte, created_lte;
  std::string sort;  // empty: the configuration's order
  bool descending = false;
};

using ParameterError = std::string;  // what is wrong with a parameter; empty: nothing

ParameterError read_number(std::size_t& out, const std::string& text, std::size_t least, std::size_t most) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error == std::errc() && end == text.data() + text.size() && out >= least && out <= most) return {};
  return "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most);
}

ParameterError read_flag(std::optional<bool>& out, const std::string& text) {
  if (text != "true" && text != "false") return "must be true or false";
  out = text == "true";
  return {};
}

ParameterError read_word(std::string& out, const std::string& text, const std::vector<std::string>& known) {
  out = text;
  if (std::ranges::find(known, text) != known.end()) return {};
  ParameterError error = "must be one of";
  for (const auto& word : known) error += (word == known.front() ? " " : ", ") + word;
  return error;
}

ParameterError read_instant(std::optional<Instant>& out, const std::string& text) {
  out = parse_rfc3339(text);
  return out ? "" : "must be a time such as 2026-11-23T09:00:00Z";
}

ParameterError read_parameter(Selection& out, const std::string& name, const std::string& value) {
  if (name == "limit") return read_number(out.limit, value, 1, 1000);
  if (name == "offset") return read_number(out.offset, value, 0, 1'000'000'000);
  if (name == "is_healthy") return read_flag(out.is_healthy, value);
  if (name == "is_paused") return read_flag(out.is_paused, value);
  if (name == "sort")
    return read_word(out.sort, value, {"id", "name", "connection_id", "created_at", "updated_at", "checked_at"});
  if (name == "order") {
    std::string order;
    ParameterError error = read_word(order, value, {"asc", "desc"});
    out.descending = order == "desc";
    return error;
  }
  if (name == "updated_gte") return read_instant(out.updated_gte, value);
  if (name == "created_lte") return read_instant(out.created_lte, value);
  const auto text = name == "connection_id"      ? &Selection::connection_id
                    : name == "object"           ? &Selection::object_type
                    : name == "integration_type" ? &Selection::integration_type
                    : name == "env"              ? &Selection::environment
                                                 : nullptr;
  if (text == nullptr)
    return "is unknown; known are limit, offset, sort, order, is_healthy, is_paused, connection_id, object, "
           "integration_type, env, updated_gte and created_lte";
  out.*text = value;
  return {};
}

bool matches(const WebhookStatus& status, const Selection& selection) {
  const auto& webhook = status.webhook;
  return selection.is_healthy.value_or(status.healthy) == status.healthy &&
         selection.is_paused.value_or(status.paused) == status.paused &&
         selection.connection_id.value_or(webhook.connection_id) == webhook.connection_id &&
         selection.object_type.value_or(webhook.object_type) == webhook.object_type &&
         selection.integration_type.value_or(webhook.labels->integration_type) == webhook.labels->integration_type &&
         selection.environment.value_or(webhook.labels->environment) == webhook.labels->environment &&
         selection.updated_gte.value_or(Instant::min()) <= status.state.updated_at &&
         selection.created_lte.value_or(Instant::max()) >= status.state.created_at;
}

// The sort key and id of a matching webhook. There can be 100,000 of them, so the complete status is only looked up for
// the webhooks in the answer.
struct SortEntry {
  std::pair<Instant, std::string> key;
  std::string id;
};

SortEntry sort_entry(const WebhookStatus& status, const std::string& sort) {
  SortEntry one{.key = {}, .id = status.webhook.id};
  if (sort == "created_at") one.key.first = status.state.created_at;
  if (sort == "updated_at") one.key.first = status.state.updated_at;
  if (sort == "checked_at") one.key.first = status.state.checked_at.value_or(Instant{});
  if (sort == "connection_id") one.key.second = status.webhook.connection_id;
  if (sort == "id" || sort == "name") one.key.second = status.webhook.id;
  return one;
}

void sort_by(std::vector<SortEntry>& list, const std::string& sort, bool descending) {
  if (sort.empty()) {
    if (descending) std::ranges::reverse(list);
    return;
  }
  std::ranges::stable_sort(
      list, [&](const SortEntry& a, const SortEntry& b) { return descending ? b.key < a.key : a.key < b.key; });
}

// Whether all webhooks are selected, in the order of the configuration.
bool selects_all(const Selection& selection) {
  return selection.sort.empty() && !selection.descending && !selection.is_healthy && !selection.is_paused &&
         !selection.connection_id && !selection.object_type && !selection.integration_type && !selection.environment &&
         !selection.updated_gte && !selection.created_lte;
}

struct SelectedIds {
  std::vector<std::string> ids;
  std::size_t total = 0;
};

Answer<SelectedIds> select_ids(Control& control, const Selection& selection) {
  SelectedIds selected;
  if (selects_all(selection)) {
    const auto total = control.each(selection.offset, selection.limit,
                                    [&](const WebhookStatus& status) { selected.ids.push_back(status.webhook.id); });
    if (!total) return std::unexpected(total.error());
    selected.total = *total;
    return selected;
  }
  std::vector<SortEntry> list;
  const auto total = control.each(0, everything, [&](const WebhookStatus& status) {
    if (matches(status, selection)) list.push_back(sort_entry(status, selection.sort));
  });
  if (!total) return std::unexpected(total.error());
  sort_by(list, selection.sort, selection.descending);
  selected.total = list.size();
  const std::size_t from = std::min(selection.offset, list.size());
  for (const auto& one : std::span(list).subspan(from, std::min(selection.limit, list.size() - from)))
    selected.ids.push_back(one.id);
  return selected;
}

Json dead_page(const DeadPage& dead, bool whole) {
  Json out = {{"page", dead.page.id},
              {"webhook_id", dead.webhook_id},
              {"sequence", dead.page.sequence},
              {"type", std::string(name_of(dead.page.type))},
              {"records", dead.page.records},
              {"attempts", dead.attempts},
              {"queued_at", rfc3339(dead.queued_at)},
              {"died_at", rfc3339(dead.died_at)},
              {"error", dead.error}};
  if (whole) out["body"] = dead.page.body;
  return out;
}

int status_of(Refusal::Why why) {
  switch (why) {
    case Refusal::Why::not_found:
      return 404;
    case Refusal::Why::invalid:
      return 400;
    case Refusal::Why::conflict:
      return 409;
    case Refusal::Why::failed:
      return 500;
  }
  return 500;
}

HttpResponse no_such_webhook(const ApiCall& call) {
  std::vector<std::string> ids;
  const auto listed =
      call.control.each(0, everything, [&](const WebhookStatus& status) { ids.push_back(status.webhook.id); });
  const std::string near = listed ? config::nearest(call.id, ids) : "";
  return error_response(
      404, "no webhook has the id \"" + call.id + "\"" + (near.empty() ? "" : "; did you mean \"" + near + "\"?"));
}

}  // namespace

HttpResponse json_response(const Json& body) {
  return json_response(body.dump(-1, ' ', false, Json::error_handler_t::replace));
}

HttpResponse refusal_response(const ApiCall& call, const Refusal& refusal) {
  if (refusal.why == Refusal::Why::not_found && !call.id.empty()) return no_such_webhook(call);
  std::vector<std::string> details = refusal.messages;
  const std::string error = details.empty() ? "the request failed" : details.front();
  if (!details.empty()) details.erase(details.begin());
  return error_response(status_of(refusal.why), error, details);
}

Answer<std::vector<WebhookStatus>> statuses_of(Control& control, std::span<const std::string> ids) {
  std::vector<WebhookStatus> statuses;
  statuses.reserve(ids.size());
  for (const auto& id : ids) {
    auto status = control.get(id);
    if (status) statuses.push_back(std::move(*status));
    if (!status && status.error().why != Refusal::Why::not_found) return std::unexpected(status.error());
  }
  return statuses;
}

HttpResponse get_healthz(const ApiCall& call) {
  if (!call.control.alive()) return error_response(503, "the daemon is making no progress");
  return json_response(Json{{"status", "ok"}});
}

HttpResponse get_readyz(const ApiCall& call) {
  const auto reasons = call.control.not_ready();
  if (!reasons.empty()) return error_response(503, "not ready", reasons);
  return json_response(Json{{"status", "ready"}});
}

HttpResponse get_metrics(const ApiCall& call) {
  auto text = call.control.metrics();
  if (!text) return refusal_response(call, text.error());
  HttpResponse response{200, metrics_content_type, (*text)(), {}};
  response.more = std::move(*text);
  return response;
}

HttpResponse get_webhooks(const ApiCall& call) {
  Selection selection;
  std::vector<std::string> wrong;
  for (const auto& [name, value] : call.request.query) {
    if (const ParameterError fault = read_parameter(selection, name, value); !fault.empty())
      wrong.push_back(std::string(name).append(" ").append(fault));
  }
  if (!wrong.empty()) return error_response(400, "the query is not valid", wrong);
  const auto selected = select_ids(call.control, selection);
  if (!selected) return refusal_response(call, selected.error());
  const auto shown = statuses_of(call.control, selected->ids);
  if (!shown) return refusal_response(call, shown.error());
  HttpResponse response = json_response(webhooks_json(*shown));
  response.headers.emplace_back("x-total-count", std::to_string(selected->total));
  return response;
}

HttpResponse get_webhook(const ApiCall& call) {
  const auto status = call.control.get(call.id);
  return status ? json_response(webhook_json(*status)) : refusal_response(call, status.error());
}

HttpResponse get_runs(const ApiCall& call) {
  const auto status = call.control.get(call.id);
  if (!status) return refusal_response(call, status.error());
  Json runs = Json::array();
  for (const Run& run : status->runs) runs.push_back(describe(run));
  return json_response(runs);
}

HttpResponse get_explain(const ApiCall& call) {
  auto text = call.control.explain(call.id, true);
  return text ? json_response(std::move(*text)) : refusal_response(call, text.error());
}

HttpResponse get_dead(const ApiCall& call) {
  const auto pages = call.control.dead(call.id);
  if (!pages) return refusal_response(call, pages.error());
  const auto page = call.request.query.find("page");
  Json list = Json::array();
  for (const auto& dead : *pages) {
    if (page == call.request.query.end()) {
      list.push_back(dead_page(dead, false));
    } else if (page->second == dead.page.id) {
      return json_response(dead_page(dead, true));
    }
  }
  if (page != call.request.query.end()) return error_response(404, "no dead page has this id");
  return json_response(list);
}

}  // namespace vhookd
