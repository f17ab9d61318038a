#include "daemon/explain/explanation_print.h"

#include <nlohmann/json.hpp>

#include "config/units.h"
#include "core/text.h"
#include "daemon/output/terminal.h"
#include "scheduler/payload/received_payload.h"

namespace vhookd {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t label_width = 14;
constexpr std::size_t text_width = 110;
constexpr std::size_t most_records = 20;  // more would push the rest off the screen

// "  label         text", broken at spaces, going on below where the text began.
void line(std::string& out, std::string_view label, std::string_view text) {
  std::string left = "  " + std::string(label);
  left.resize(std::max(left.size(), label_width + 2), ' ');
  const std::string shown = printable(text);
  std::string_view rest = shown;
  while (rest.size() > text_width) {
    const auto space = rest.rfind(' ', text_width);
    if (space == std::string_view::npos || space == 0) break;
    out += left + std::string(rest.substr(0, space)) + "\n";
    rest.remove_prefix(space + 1);
    left.assign(label_width + 4, ' ');
  }
  out += left + std::string(rest) + "\n";
}

// The label before the first, a dash before each where there are several.
void lines(std::string& out, std::string_view label, const std::vector<std::string>& texts) {
  for (const auto& text : texts) {
    line(out, label, texts.size() > 1 ? "- " + text : text);
    label = {};
  }
}

std::string estimate(const Table& table) {
  if (table.estimated_rows < 0) return "its rows not counted yet by the server";
  return "about " + std::to_string(table.estimated_rows) + (table.estimated_rows == 1 ? " row" : " rows");
}

std::string column_text(const Plan& plan, const std::string& name) {
  const Column* column = name.empty() ? nullptr : plan.table->find(name);
  if (column == nullptr) return "none";
  return name + (column->declared.empty() ? "" : " (" + column->declared + ")") +
         (column->touched_on_update ? ", set by the server on each update" : "");
}

void queries(std::string& out, const std::vector<ShownQuery>& list) {
  for (const auto& query : list) {
    out += "  -- " + query.remark + "\n  " + printable(query.sql) + "\n";
    for (std::size_t i = 0; i < query.values.size(); ++i)
      out += "     " + query.marks[i] + " = " + printable(query.values[i]) + "\n";
    for (const auto& step : query.plan) out += "     the server: " + printable(step) + "\n";
  }
}

bool same(const std::vector<ShownQuery>& a, const std::vector<ShownQuery>& b) {
  return std::ranges::equal(
      a, b, [](const ShownQuery& x, const ShownQuery& y) { return x.sql == y.sql && x.values == y.values; });
}

void head(std::string& out, const Explanation& e) {
  const auto& webhook = *e.webhook;
  out += printable(webhook.id) + ", as a new webhook begins; one that has polled before goes on as it did\n";
  if (!e.running.empty()) line(out, "running", e.running);
  line(out, "database", webhook.connection_id + ": " + webhook.database->display + " (" + e.server + ")");
  line(out, "table",
       e.plan.text.table + ", " + std::string(relation_name(e.table.relation)) + ", " + estimate(e.table));
  line(out, "event",
       std::string(config::name_of(webhook.event)) + ", looked for every " + config::show(webhook.interval) +
           ", at most " + std::to_string(webhook.page_max_limit) + " records in one POST");
  if (!webhook.filters_json.empty()) line(out, "filters", webhook.filters_json);
  if (!webhook.include_created) line(out, "new rows", "left out (include_created: false)");
  if (webhook.is_paused) line(out, "paused", "not polled and nothing sent (is_paused: true)");
  line(out, "sent to", webhook.delivery->hook_url_display);
  if (e.table.may_write && e.plan.traits->capabilities().roles)  // a file's owner always may
    line(out, "mind", "the role may write here; vhookd needs only SELECT: use a separate role");
}

void columns(std::string& out, const Explanation& e) {
  out += "\nCOLUMNS TAKEN\n";
  line(out, "key", key_text(e.plan));
  line(out, "updated", column_text(e.plan, e.plan.updated));
  line(out, "created", column_text(e.plan, e.plan.created));
  line(out, "deleted",
       e.plan.text.gone.empty() ? "none" : e.webhook->columns->deleted + ", a row is gone where " + e.plan.text.gone);
  line(out, "sent",
       e.webhook->event == config::Event::deleted && e.plan.text.gone.empty()
           ? "the key; a row that is gone has no more"
           : joined(e.plan.delivered));
}

void page(std::string& out, const Explanation& e) {
  out += "\nFIRST PAGE, " + e.page_remark + "\n";
  if (e.failed) return line(out, "not read", e.failed->message);
  if (!e.page) return line(out, "empty", "no row is there to be sent");
  line(out, "type",
       std::string(name_of(e.page->type)) + ", sequence " + std::to_string(e.page->sequence) + ", " +
           std::to_string(e.page->records) + (e.page->records == 1 ? " record, " : " records, ") +
           std::to_string(e.page->body.size()) + " bytes" +
           (e.webhook->delivery->secrets.empty() ? ", not signed" : ", signed"));
  const auto payload = read_payload(e.page->body);
  const auto records = payload ? split_records(payload->data) : std::vector<std::string>();
  for (const auto& record : records | std::views::take(most_records)) out += "  " + printable(record) + "\n";
  if (records.size() > most_records)
    out += "  … and " + std::to_string(records.size() - most_records) + " more; --json shows the whole body\n";
}

Json json_of(const std::vector<ShownQuery>& list) {
  Json out = Json::array();
  for (const auto& query : list) {
    out.push_back({{"sql", query.sql}, {"values", query.values}, {"for", query.remark}});
    if (!query.plan.empty()) out.back()["plan"] = query.plan;
  }
  return out;
}

Json columns_json(const Explanation& e) {
  const auto or_null = [](const std::string& name) { return name.empty() ? Json() : Json(name); };
  Json key = Json::array();
  for (const auto& column : e.plan.selection.key) key.push_back(column.name);
  return {{"key", key},
          {"updated", or_null(e.plan.updated)},
          {"created", or_null(e.plan.created)},
          {"deleted", or_null(e.webhook->columns->deleted)},
          {"sent", e.plan.delivered}};
}

}  // namespace

std::string_view relation_name(Relation relation) {
  switch (relation) {
    case Relation::table:
      return "a table";
    case Relation::partitioned_table:
      return "a partitioned table";
    case Relation::view:
      return "a view";
    case Relation::materialized_view:
      return "a materialized view";
    case Relation::foreign_table:
      return "a foreign table";
  }
  return {};
}

std::string key_text(const Plan& plan) {
  std::vector<std::string> names;
  for (const auto& column : plan.selection.key) names.push_back(column.name);
  if (names.empty()) return "none";
  if (!plan.webhook->columns->key.empty()) return joined(names) + " (as configured)";
  if (names == plan.table->primary_key) return joined(names) + " (primary key)";
  return joined(names) + (plan.table->find(names[0]) == nullptr ? " (the table has no key of its own)" : " (unique)");
}

std::string explanation_text(const Explanation& e) {
  std::string out;
  head(out, e);
  out += "\nSTRATEGY\n";
  line(out, "detect", std::string(name_of(e.plan.strategy)) + ": " + e.plan.reason);
  if (!e.auto_choice.empty()) line(out, "auto", "would take " + e.auto_choice);
  columns(out, e);
  out += "\nGUARANTEE\n";
  lines(out, "promised", e.guarantee.promised);
  lines(out, "not covered", e.guarantee.not_covered);
  lines(out, "for the whole", e.guarantee.remedies);
  out += "\nINDEX\n";
  line(out, "used", e.index.used.empty() ? "none" : e.index.used);
  line(out, "cost", e.index.cost);
  if (!e.index.missing.empty()) line(out, "to add", e.index.missing);
  line(out, "when idle", e.idle);
  if (!e.open_transactions.empty()) {
    out += "\nOPEN TRANSACTIONS NOW\n";
    for (const auto& text : e.open_transactions) out += "  " + printable(text) + "\n";
  }
  out += "\nSQL OF EACH POLL, in one consistent read-only view\n";
  queries(out, e.poll);
  if (!e.sweep.empty()) {
    out += "\nSQL OF A FULL SWEEP, at a longer interval\n";
    queries(out, e.sweep);
  }
  out += "\nSQL OF THE FIRST POLL";
  if (same(e.first, e.poll)) {
    out += ": the same\n";
  } else {
    out += "\n";
    queries(out, e.first);
  }
  page(out, e);
  return out;
}

std::string explanation_json(const Explanation& e) {
  const auto& webhook = *e.webhook;
  Json out = {{"id", webhook.id},
              {"event", config::name_of(webhook.event)},
              {"database", webhook.database->display},
              {"server", e.server},
              {"table", e.plan.text.table},
              {"relation", relation_name(e.table.relation).substr(2)},
              {"estimated_rows", e.table.estimated_rows < 0 ? Json() : Json(e.table.estimated_rows)},
              {"may_write", e.table.may_write},
              {"strategy", name_of(e.plan.strategy)},
              {"reason", e.plan.reason},
              {"columns", columns_json(e)}};
  if (!e.running.empty()) out["running"] = e.running;
  if (!e.auto_choice.empty()) out["auto"] = e.auto_choice;
  out["guarantee"] = {{"promised", e.guarantee.promised},
                      {"not_covered", e.guarantee.not_covered},
                      {"for_the_whole", e.guarantee.remedies}};
  out["index"] = {{"used", e.index.used.empty() ? Json() : Json(e.index.used)},
                  {"missing", e.index.missing.empty() ? Json() : Json(e.index.missing)},
                  {"cost", e.index.cost}};
  out["when_idle"] = e.idle;
  out["open_transactions"] = e.open_transactions;
  out["poll"] = json_of(e.poll);
  if (!e.sweep.empty()) out["full_sweep"] = json_of(e.sweep);
  out["first_poll"] = json_of(e.first);
  Json shown = {{"remark", e.page_remark}};
  if (e.failed) shown["error"] = e.failed->message;
  if (e.page) {
    shown["records"] = e.page->records;
    shown["body"] = e.page->body;
  }
  out["first_page"] = std::move(shown);
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace vhookd
