#include "daemon/explain/explanation.h"

#include <utility>

#include "daemon/engine/probe_cache.h"
#include "daemon/engine/webhook_json.h"
#include "daemon/explain/hidden_values.h"
#include "daemon/explain/open_transactions.h"
#include "daemon/explain/server_plan.h"
#include "scheduler/detect/idle.h"
#include "scheduler/detect/poll.h"
#include "scheduler/detect/rehearse.h"
#include "scheduler/detect/snapshot/range_hash_sql.h"
#include "scheduler/detect/xid/xid_narrowing.h"

namespace vhookd {

namespace {

class Explainer {
 public:
  Explainer(const config::Webhook& webhook, const ExplainContext& context)
      : context_(context), hidden_(webhook), out_(std::make_unique<Explanation>()) {
    out_->webhook = &webhook;
  }

  Result<std::unique_ptr<Explanation>> run() {
    for (const auto step : {&Explainer::look_at_table, &Explainer::rehearse_polls})
      if (auto done = (this->*step)(); !done) return std::unexpected(hidden_.without(done.error()));
    out_->guarantee = guarantee(out_->plan, sees_transactions_);
    out_->index = index_advice(out_->plan);
    out_->idle = idle_words(out_->plan);
    out_->open_transactions = open_transactions(out_->plan, context_.session);
    if (!wants_deleted())
      if (const auto done = read_first_page(); !done) out_->failed = hidden_.without(done.error());
    return std::move(out_);
  }

 private:
  const config::Webhook& webhook() const { return *out_->webhook; }
  bool wants_deleted() const { return webhook().event == config::Event::deleted; }

  Result<void> look_at_table();
  Result<void> rehearse_polls();
  Result<void> rehearse_sweep(const std::string& start);
  Result<void> read_first_page();
  Result<void> read(const Question& question, const OnRow& on_row);
  Result<void> converse(Poll& poll, PageBuilder& builder);
  Result<std::optional<KnownRow>> some_row();
  PageBuilder builder(const Plan& plan) const;
  std::vector<ShownQuery> shown(const std::vector<Question>& questions, bool first) const;
  void keep_first(std::optional<Part> part);

  const ExplainContext& context_;
  HiddenValues hidden_;
  std::unique_ptr<Explanation> out_;
  bool sees_transactions_ = true;
};

Result<void> Explainer::look_at_table() {
  auto table = context_.session.describe({webhook().database->schema, webhook().table_name()});
  if (!table) return std::unexpected(table.error());
  out_->server = context_.session.server();
  out_->table = std::move(*table);
  auto plan = make_plan(webhook(), out_->table, std::nullopt);
  if (!plan) return std::unexpected(plan.error());
  out_->plan = std::move(*plan);
  if (webhook().detect == config::Detect::automatic) return {};
  config::Webhook left_to_itself = webhook();
  left_to_itself.detect = config::Detect::automatic;
  const auto by_itself = make_plan(left_to_itself, out_->table, std::nullopt);
  out_->auto_choice = by_itself ? std::string(name_of(by_itself->strategy)) + ": " + by_itself->reason
                                : "nothing: " + hidden_.without(by_itself.error()).message;
  return {};
}

PageBuilder Explainer::builder(const Plan& plan) const {
  WebhookState state;  // of a webhook that is new
  state.id = webhook().id;
  state.created_at = state.updated_at = context_.now;
  PageStyle style{.webhook_json = payload_webhook_json(webhook(), state),
                  .secret = webhook().shared_secret(),
                  .max_records = webhook().page_max_limit,
                  .next_sequence = 1,
                  .initial = is_initial({}, plan),
                  .random_id = context_.random_id};
  return {std::move(style), RecordWriter(plan.delivered, plan.delivered_at)};
}

void Explainer::keep_first(std::optional<Part> part) {
  if (part && !part->pages.empty() && !out_->page) out_->page = std::move(part->pages.front());
}

// A row that could be deleted, so that it can be shown how that would be told.
Result<std::optional<KnownRow>> Explainer::some_row() {
  Sql sql = select_from(out_->plan, {});
  sql.text(" WHERE 1 = 1");
  add_filters(sql, out_->plan, " AND ");
  sql.text(" LIMIT 1");
  std::optional<KnownRow> found;
  Result<void> taken;
  const auto done = context_.session.read(sql.take(), [&](Row row) {
    auto key = key_of(out_->plan, row);
    if (key) {
      found = KnownRow{.key = std::move(*key), .digest = {}, .mark = 0, .matched = true};
    } else {
      taken = std::unexpected(key.error());
    }
    return false;
  });
  if (!taken) return std::unexpected(taken.error());
  if (!done) return std::unexpected(done.error());
  return found;
}

Result<void> Explainer::read(const Question& question, const OnRow& on_row) {
  return question.shared ? look_for_what_is_new(context_.session, question.query, on_row)
                         : context_.session.read(question.query, on_row);
}

Result<void> Explainer::rehearse_polls() {
  const auto read = [this](const Question& question, const OnRow& on_row) { return this->read(question, on_row); };
  PageBuilder nothing = builder(out_->plan);
  if (auto begun = context_.session.begin(); !begun) return begun;
  const auto first = rehearse(out_->plan, {}, nothing_known(), nothing, read);
  context_.session.end();
  if (!first) return std::unexpected(first.error());
  std::optional<KnownRow> row;
  if (wants_deleted()) {
    auto found = some_row();
    if (!found) return std::unexpected(found.error());
    row = std::move(*found);
    out_->page_remark = "as it would be if this row were deleted now";
    if (!out_->plan.gone.empty()) out_->page_remark += "; one only marked as deleted comes with its fields";
  }
  PageBuilder gone = builder(out_->plan);
  const bool narrow = !out_->plan.narrow_index.empty();
  const auto start = narrow ? as_if_quiet(first->checkpoint) : first->checkpoint;
  auto later = rehearse(out_->plan, start, row ? only_known(*row) : one_range_known(), gone, read);
  if (!later) return std::unexpected(later.error());
  // The first poll has just looked at what is under way, so this one does not; later ones will.
  const auto looked = std::ranges::find_if(first->questions, &Question::refusable);
  if (looked != first->questions.end() && std::ranges::none_of(later->questions, &Question::refusable))
    later->questions.insert(later->questions.begin() + 1, *looked);
  sees_transactions_ = !first->refused && !later->refused;
  if (narrow)
    if (auto swept = rehearse_sweep(start); !swept) return swept;
  out_->first = shown(first->questions, true);
  out_->poll = shown(later->questions, false);
  keep_first(gone.finish(later->checkpoint));
  return {};
}

Result<void> Explainer::rehearse_sweep(const std::string& start) {
  Plan plan = out_->plan;
  plan.whole = true;
  PageBuilder nothing = builder(plan);
  const auto read = [this](const Question& question, const OnRow& on_row) { return this->read(question, on_row); };
  const auto sweep = rehearse(plan, start, one_range_known(), nothing, read);
  if (!sweep) return std::unexpected(sweep.error());
  out_->sweep = shown(sweep->questions, false);
  return {};
}

std::vector<ShownQuery> Explainer::shown(const std::vector<Question>& questions, bool first) const {
  const auto strategy = out_->plan.strategy;
  const bool list_has_ranges = std::ranges::any_of(questions, &Question::ranges);
  const auto remark = [&](const Question& question) -> std::string {
    if (question.fresh) return "the keys that were not met, up to 100 at once: are they really gone";
    if (question.refusable)
      return "what is under way, where the role may see it (PROCESS); not with every poll, at most 15 s apart";
    if (question.position) return "where the database stands";
    if (question.ranges)
      return "count and fingerprint of the key's ranges of " + std::to_string(range_rows(out_->plan)) +
             " rows; a CASE tells which of up to 1,000 (4,000 where no index gives the key's order) a row lies in";
    if (strategy == Strategy::snapshot && !first && list_has_ranges)
      return "the rows of the ranges that differ from what is known; WHERE picks them out";
    if (strategy == Strategy::timestamp && &question != &questions.back()) return "rows without a time";
    if (strategy == Strategy::xid && &question == &questions.back() && out_->plan.remembers && !question.query.table)
      return "whether the table was rewritten meanwhile";
    if (strategy == Strategy::xid && &question == &questions.back() && out_->plan.remembers)
      return "how many there are; where that is fewer than are known, the keys are read in order as well";
    if (strategy == Strategy::xid && !first)
      return "the rows; AND xmin::text <> ALL(…) besides, for what was sent of transactions above the horizon";
    return "the rows";
  };
  std::vector<ShownQuery> list;
  for (const auto& question : questions) {
    ShownQuery one{.sql = question.query.sql, .values = {}, .remark = remark(question), .plan = {}};
    for (const auto& param : question.query.params) one.values.push_back(hidden_.show(param));
    if (!question.position && !question.fresh)
      one.plan = server_plan(context_.session, out_->plan.dialect, question.query);
    list.push_back(std::move(one));
  }
  return list;
}

// As the poller does, but the first page ends it and nothing is kept.
Result<void> Explainer::converse(Poll& poll, PageBuilder& builder) {
  while (auto question = next(poll)) {
    if (question->fresh || question->anew) context_.session.end();
    if (question->anew)
      if (auto begun = context_.session.begin(); !begun) return begun;
    Result<void> taken;
    const auto read = this->read(*question, [&](Row row) {
      taken = vhookd::row(poll, row, builder);
      keep_first(builder.take_part());
      return taken.has_value() && builder.pages() == 0;
    });
    if (!taken) return taken;
    if (!read && !question->is_refusal(read.error())) return read;
    if (builder.pages() > 0) return {};
    if (auto done = answered(poll, builder); !done) return done;
  }
  return {};
}

Result<void> Explainer::read_first_page() {
  config::Webhook with_all = webhook();
  if (with_all.checked_at) {
    out_->page_remark = "what a new webhook sends first, for checked_at says where it starts";
  } else if (with_all.include_all) {
    out_->page_remark = "what a new webhook sends first";
  } else {
    out_->page_remark = "with include_all: true; without, a new webhook sends nothing of what is there already";
    with_all.include_all = true;
  }
  const auto plan = make_plan(with_all, out_->table, std::nullopt);
  if (!plan) return std::unexpected(plan.error());
  auto poll = make_poll(*plan, {}, nothing_known());
  if (!poll) return std::unexpected(poll.error());
  PageBuilder pages = builder(*plan);
  if (auto begun = context_.session.begin(); !begun) return begun;
  auto done = converse(*poll, pages);
  context_.session.end();
  if (!done) return done;
  keep_first(pages.finish(checkpoint(*poll)));
  return {};
}

}  // namespace

Result<std::unique_ptr<Explanation>> explain(const config::Webhook& webhook, const ExplainContext& context) {
  return Explainer(webhook, context).run();
}

}  // namespace vhookd
