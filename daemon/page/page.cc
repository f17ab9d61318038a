#include "daemon/page/page.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "core/time_text.h"
#include "daemon/engine/webhook_json.h"
#include "daemon/output/percent_encode.h"
#include "daemon/output/status_table.h"
#include "daemon/output/terminal.h"
#include "daemon/page/page_assets.h"
#include "daemon/page/sparkline.h"
#include "daemon/page/template.h"

namespace vhookd {

namespace {

using std::string;

constexpr int refresh_ms = 5000;
// A list of a thousand rows is a megabyte, so it is refreshed less often.
constexpr int slow_refresh_ms = 15000;
constexpr std::size_t many = 200;
constexpr std::size_t most_dead_shown = 50;

string page(const string& title, const string& main, int fresh_after_ms) {
  return filled(
      page_asset("layout.html"),
      {{"title", title}, {"version", VHOOKD_VERSION}, {"refresh_ms", std::to_string(fresh_after_ms)}, {"main", main}});
}

string state_of(const WebhookStatus& status) {
  return status.paused ? "paused" : status.healthy ? "healthy" : "unhealthy";
}

// "shop · app_orders · updated"
string what(const WebhookStatus& status) {
  const auto& webhook = status.webhook;
  return webhook.connection_id + " · " + webhook.table_name() + " · " + string(name_of(webhook.event));
}

string sync_text(const FirstSync& sync) {
  return first_sync_text(sync.rows, sync.expected_rows, sync.rows_per_second, sync.seconds_left());
}

string lag(const WebhookStatus& status) {
  if (status.first_sync) return "first sync: " + sync_text(*status.first_sync);
  return status.state.checked_at ? duration_text(status.lag_seconds) : "–";
}

string next_poll(const WebhookStatus& status, Instant now) {
  return status.next_check_at ? time_until(*status.next_check_at, now) : "–";
}

// A paused webhook can have an error as well: after a 410 it is paused.
bool has_error(const WebhookStatus& status) {
  return !status.last_error.empty() && !status.healthy;
}

string paragraph(const char* kind, const string& text) {
  return string("<p class=\"") + kind + "\">" + escaped(text) + "</p>";
}

// "Page 7 failed 3 times; next attempt in 4m10s. Last error: …". Leaves out the error if it is already shown.
string retry_paragraph(const WebhookStatus& status, Instant now) {
  if (!status.retrying) return "";
  const Retrying& retrying = *status.retrying;
  string text = "Page " + std::to_string(retrying.sequence) + " failed " +
                (retrying.attempts == 1 ? "once" : std::to_string(retrying.attempts) + " times") + "; next attempt " +
                time_until(retrying.not_before, now) + ".";
  if (!has_error(status) || status.last_error != retrying.error) text += " Last error: " + retrying.error;
  return paragraph("again", text);
}

string row(const WebhookStatus& status, Instant now) {
  const string error = (has_error(status) ? paragraph("text", status.last_error) : "") + retry_paragraph(status, now);
  return filled(page_asset("row.html"),
                {{"state", state_of(status)},
                 {"id", status.webhook.id},
                 {"what", what(status)},
                 {"lag", lag(status)},
                 {"next", next_poll(status, now)},
                 {"queued", std::to_string(status.state.queued_pages)},
                 {"dead", std::to_string(status.state.dead_pages)},
                 {"dead_class", status.state.dead_pages > 0 ? " hot" : ""},
                 {"spark", sparkline(status.runs)},
                 {"why", error.empty() ? "" : R"(<tr class="why"><td colspan="7">)" + error + "</td></tr>"}});
}

bool matches(const WebhookStatus& status, const ListView& view) {
  if (view.unhealthy_only && state_of(status) != "unhealthy") return false;
  if (view.find.empty()) return true;
  const string find = lower(view.find);
  for (const auto& text : {status.webhook.id, what(status), status.last_error})
    if (lower(text).contains(find)) return true;
  return false;
}

string find_form(const ListView& view) {
  return filled(page_asset("find.html"),
                {{"q", view.find}, {"unhealthy_checked", view.unhealthy_only ? " checked" : ""}});
}

string counted(std::size_t count, const char* one, const char* several) {
  return std::to_string(count) + " " + (count == 1 ? one : several);
}

string pages(std::int64_t count) {
  return count == 1 ? "page" : "pages";
}

string query_of(const ListView& view, std::size_t offset) {
  return "/?q=" + percent_encoded(view.find) + (view.unhealthy_only ? "&unhealthy=1" : "") +
         "&offset=" + std::to_string(offset);
}

string more_links(const ListView& view, std::size_t shown, std::size_t matching) {
  if (matching <= rows_on_a_page) return "";
  const auto link = [&](std::size_t offset, const char* word) {
    return "<a href=\"" + escaped(query_of(view, offset)) + "\">" + word + "</a>";
  };
  string text = "<nav class=\"more\"><span>";
  if (view.offset > 0) text += link(view.offset - std::min(view.offset, rows_on_a_page), "Previous");
  text += "</span><span>" + std::to_string(view.offset + 1) + " to " + std::to_string(view.offset + shown) + " of " +
          std::to_string(matching) + "</span><span>";
  if (view.offset + shown < matching) text += link(view.offset + shown, "Next");
  return text + "</span></nav>";
}

constexpr auto nothing_configured = R"(<div class="empty"><h2>No webhooks are configured</h2>
<p>Add a connection and a webhook to the configuration, then reload it.</p>
<pre>vhookd init DB_URL     prints a configuration to start from
vhookd check --probe   validates the configuration
vhookd reload          applies it</pre></div>)";

string list_body(std::span<const WebhookStatus> shown, const ListView& view, std::size_t matching, std::size_t webhooks,
                 Instant now) {
  if (webhooks == 0) return nothing_configured;
  if (shown.empty())
    return "<div class=\"empty\"><h2>None of " + std::to_string(webhooks) +
           " webhooks matches</h2><a href=\"/\">Show all</a></div>";
  string rows;
  for (const auto& status : shown) rows += row(status, now);
  return filled(page_asset("table.html"), {{"rows", rows}, {"more", more_links(view, shown.size(), matching)}});
}

// ---- one webhook

void fact(string& out, const char* name, const string& value) {
  if (!value.empty()) out += string("<dt>") + name + "</dt><dd>" + escaped(value) + "</dd>";
}

// The fields of the webhook as in the API, without those shown elsewhere on the page.
string facts(const WebhookStatus& status) {
  const auto object = nlohmann::ordered_json::parse(webhook_json(status));
  string out;
  for (const auto& [name, value] : object.items()) {
    const auto is = [&](std::string_view other) { return name == other; };
    if (is("id") || is("runs") || is("is_healthy") || is("is_paused") || is("last_error") || is("lag_seconds") ||
        is("queued_pages") || is("dead_pages") || is("next_check_at") || is("next_attempt") || is("interval"))
      continue;
    fact(out, name.c_str(), value.is_string() ? value.get<string>() : value.dump());
  }
  fact(out, "interval", duration_text(std::chrono::duration<double>(status.webhook.interval).count()));
  fact(out, "detect", status.strategy);
  return out;
}

string run_rows(std::span<const Run> runs) {
  string rows;
  for (const Run& run : runs)
    rows += string("<tr class=\"") + (run.ok ? "ok" : "failed") + "\"><td>" + rfc3339_seconds(run.started_at) +
            "</td><td>" + (run.ok ? "ok" : "failed") + R"(</td><td class="n" data-label="pages">)" +
            std::to_string(run.pages) + R"(</td><td class="n" data-label="records">)" + std::to_string(run.records) +
            R"(</td><td class="n" data-label="ms">)" + std::to_string(run.duration_ms) + "</td><td class=\"text\">" +
            escaped(run.error) + "</td></tr>";
  return rows;
}

string runs_section(const WebhookStatus& status) {
  if (status.runs.empty()) return "<section><h2>Runs</h2><p class=\"none\">Not polled yet.</p></section>";
  return "<section><h2>Runs</h2><table class=\"list\"><thead><tr><th>Started</th><th>Outcome</th><th "
         "class=\"n\">Pages</th><th class=\"n\">Records</th><th class=\"n\">ms</th><th>Error</th></tr></thead><tbody>" +
         run_rows(status.runs) + "</tbody></table></section>";
}

string dead_section(const WebhookStatus& status, std::span<const DeadPage> dead) {
  if (dead.empty()) return "";
  string rows;
  for (const DeadPage& one : dead.first(std::min(dead.size(), most_dead_shown)))
    rows += R"(<tr><td class="n" data-label="sequence">)" + std::to_string(one.page.sequence) +
            "</td><td><a href=\"/webhook/" + escaped(status.webhook.id) +
            "?page=" + escaped(percent_encoded(one.page.id)) + "\"><code>" + escaped(one.page.id) +
            R"(</code></a></td><td class="n" data-label="records">)" + std::to_string(one.page.records) +
            R"(</td><td class="n" data-label="attempts">)" + std::to_string(one.attempts) + "</td><td>" +
            rfc3339_seconds(one.died_at) + "</td><td class=\"text\">" + escaped(one.error) + "</td></tr>";
  const string more = dead.size() > most_dead_shown
                          ? "<p class=\"none\">and " + std::to_string(dead.size() - most_dead_shown) + " more</p>"
                          : "";
  return "<section><h2>Dead pages</h2><table class=\"list\"><thead><tr><th class=\"n\">Sequence</th><th>Page</th><th "
         "class=\"n\">Records</th><th class=\"n\">Attempts</th><th>Died</th><th>Last error</th></tr></thead><tbody>" +
         rows + "</tbody></table>" + more + "</section>";
}

string action(const string& id, const char* name, const char* label, bool main) {
  return R"(<form method="post" action="/webhook/)" + escaped(id) + "/" + name + "\"><button data-key=\"" + name +
         "\"" + (main ? " class=\"main\"" : "") + ">" + label + "</button></form>";
}

string actions(const WebhookStatus& status, bool can_act) {
  const string& id = status.webhook.id;
  if (!can_act)
    return "<div class=\"actions\"><span class=\"hint\">To use actions here, set <code>api.token</code>. On this "
           "machine: "
           "<code>vhookd trigger " +
           escaped(id) + "</code>, <code>pause</code>, <code>resume</code>, <code>explain</code>.</span></div>";
  string out = "<div class=\"actions\">";
  if (status.paused) {
    out += action(id, "resume", "Resume", true);
  } else {
    out += action(id, "trigger", "Poll now", true) + action(id, "pause", "Pause", false);
  }
  if (status.state.dead_pages > 0) out += action(id, "replay", "Replay dead pages", false);
  return out + R"(<a class="button" data-ask href="/webhook/)" + escaped(id) + "/explain\">Explain</a></div>";
}

string sync_bar(const WebhookStatus& status) {
  if (!status.first_sync) return "";
  const FirstSync& sync = *status.first_sync;
  string text = "First sync: " + std::to_string(sync.rows) + " rows";
  if (sync.expected_rows) text += " of about " + std::to_string(*sync.expected_rows);
  text += ", " + std::to_string(std::llround(sync.rows_per_second)) + " per second";
  if (const auto left = sync.seconds_left()) text += ", about " + duration_text(*left) + " left";
  string bar = "<progress";
  if (sync.expected_rows)
    bar += R"( max=")" + std::to_string(std::max(*sync.expected_rows, sync.rows)) + R"(" value=")" +
           std::to_string(sync.rows) + R"(")";
  return R"(<div class="sync"><p>)" + escaped(text) + "</p>" + bar + "></progress></div>";
}

string back_to(const string& id) {
  return R"(<nav class="back" data-still><a href="/webhook/)" + escaped(id) + "\">" + escaped(id) + "</a></nav>";
}

}  // namespace

string ListPage::totals_html(const Totals& totals) {
  const auto part = [](auto count, const string& word, bool bad) {
    if (count == 0) return string();
    return string(" · <span") + (bad ? " class=\"bad\"" : "") + "><b>" + std::to_string(count) + "</b> " + word +
           "</span>";
  };
  string text = part(totals.healthy, "healthy", false) + part(totals.unhealthy, "unhealthy", true) +
                part(totals.paused, "paused", false) + part(totals.queued, pages(totals.queued) + " queued", false) +
                part(totals.dead, pages(totals.dead) + " dead", true);
  return text.empty() ? "" : text.substr(std::string_view(" · ").size());
}

string ListPage::headline(const Totals& totals) {
  if (totals.webhooks == 0) return "No webhooks yet";
  if (totals.unhealthy > 0) return counted(totals.unhealthy, "webhook needs", "webhooks need") + " attention";
  if (totals.healthy == 0) return "All webhooks are paused";
  return "All webhooks are healthy";
}

void ListPage::take(const WebhookStatus& status) {
  ++totals_.webhooks;
  ++(status.paused ? totals_.paused : status.healthy ? totals_.healthy : totals_.unhealthy);
  totals_.queued += status.state.queued_pages;
  totals_.dead += status.state.dead_pages;
  if (!matches(status, view_)) return;
  (status.paused ? paused_ : status.healthy ? healthy_ : unhealthy_).push_back(status.webhook.id);
}

std::vector<string> ListPage::shown() const {
  std::vector<string> ids;
  std::size_t left_out = view_.offset;
  for (const auto* part : {&unhealthy_, &paused_, &healthy_}) {
    const std::size_t from = std::min(left_out, part->size());
    left_out -= from;
    const std::size_t count = std::min(rows_on_a_page - ids.size(), part->size() - from);
    for (const auto& id : std::span(*part).subspan(from, count)) ids.push_back(id);
  }
  return ids;
}

string ListPage::html(std::span<const WebhookStatus> shown, const PageContext& context) const {
  const std::size_t matching = unhealthy_.size() + paused_.size() + healthy_.size();
  const string main =
      filled(page_asset("list.html"), {{"headline", headline(totals_)},
                                       {"totals", totals_html(totals_)},
                                       {"find", totals_.webhooks == 0 ? "" : find_form(view_)},
                                       {"body", list_body(shown, view_, matching, totals_.webhooks, context.now)}});
  const string title = totals_.unhealthy > 0 ? "(" + std::to_string(totals_.unhealthy) + ") vhookd" : "vhookd";
  return page(title, main, shown.size() > many ? slow_refresh_ms : refresh_ms);
}

string webhook_page(const WebhookStatus& status, std::span<const DeadPage> dead, const PageContext& context,
                    const std::optional<ActionResult>& result) {
  const string& id = status.webhook.id;
  const string main = filled(page_asset("webhook.html"),
                             {{"state", state_of(status)},
                              {"id", id},
                              {"what", what(status)},
                              {"result", result ? paragraph(result->good ? "said" : "said bad", result->text) : ""},
                              {"error", has_error(status) ? paragraph("error", status.last_error) : ""},
                              {"again", retry_paragraph(status, context.now)},
                              {"sync", sync_bar(status)},
                              {"lag", status.state.checked_at ? duration_text(status.lag_seconds) : "–"},
                              {"next", next_poll(status, context.now)},
                              {"queued", std::to_string(status.state.queued_pages)},
                              {"dead", std::to_string(status.state.dead_pages)},
                              {"dead_class", status.state.dead_pages > 0 ? "hot" : ""},
                              {"spark", sparkline(status.runs)},
                              {"actions", actions(status, context.can_act)},
                              {"sections", dead_section(status, dead) + runs_section(status)},
                              {"facts", facts(status)}});
  return page(id + " – vhookd", main, refresh_ms);
}

string dead_page_page(const DeadPage& dead) {
  return page(dead.page.id + " – vhookd",
              back_to(dead.webhook_id) + "<section class=\"head\"><h1>Dead page " + std::to_string(dead.page.sequence) +
                  "</h1>" + paragraph("error", dead.error) + "</section><pre class=\"wrap\">" +
                  escaped(dead.page.body) + "</pre>",
              refresh_ms);
}

string explain_page(const string& id, const string& text) {
  return page(
      "How " + id + " is polled – vhookd",
      back_to(id) + "<section class=\"head\"><h1>How it is polled</h1></section><pre>" + escaped(text) + "</pre>",
      refresh_ms);
}

string error_page(int status, const string& error, std::span<const string> details) {
  string main = R"(<nav class="back" data-still><a href="/">All webhooks</a></nav><section class="head"><h1>)" +
                string(status == 404 ? "Not found" : "The request failed") + "</h1>" + paragraph("error", error);
  for (const auto& detail : details) main += paragraph("error", detail);
  return page("vhookd", main + "</section>", refresh_ms);
}

}  // namespace vhookd
