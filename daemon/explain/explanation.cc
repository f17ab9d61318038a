#include "daemon/explain/explanation.h"

#include <algorithm>
#include <utility>

#include "config/units.h"
#include "core/forwarding_source.h"
#include "daemon/engine/probe_cache.h"
#include "daemon/engine/webhook_json.h"
#include "daemon/explain/hidden_values.h"
#include "scheduler/detect/driver.h"
#include "scheduler/detect/idle.h"
#include "scheduler/detect/method.h"
#include "scheduler/detect/rehearse.h"
#include "scheduler/detect/row_key.h"
#include "scheduler/detect/snapshot/range_hashes.h"
#include "scheduler/detect/xid/xid_narrowing.h"

namespace vhookd {

namespace {

// Asks for what is under way until the server shows it as it is now.
class CurrentBound final : public ForwardingSource {
 public:
  using ForwardingSource::begin;
  using ForwardingSource::ForwardingSource;

  Result<void> read(const Question& question, const OnRow& on_row) override {
    return std::holds_alternative<OpenTransactionBound>(question) ? look_for_what_is_new(source(), question, on_row)
                                                                  : ForwardingSource::read(question, on_row);
  }
};

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
    out_->idle = idle_text(out_->plan);
    out_->open_transactions = open_transactions();
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
  std::vector<std::string> open_transactions();
  Result<std::optional<KnownRow>> some_row();
  PageBuilder builder(const Plan& plan) const;
  std::vector<ShownQuery> shown(const std::vector<Question>& questions, bool first);
  std::string remark(const std::vector<Question>& questions, std::size_t at, bool first) const;
  void keep_first(std::optional<Part> part);

  const ExplainContext& context_;
  HiddenValues hidden_;
  std::unique_ptr<Explanation> out_;
  bool sees_transactions_ = true;
};

Result<void> Explainer::look_at_table() {
  auto table = context_.source.describe({webhook().database->schema, webhook().table_name()});
  if (!table) return std::unexpected(table.error());
  out_->server = context_.source.server();
  out_->table = std::move(*table);
  auto plan = make_plan(webhook(), out_->table, context_.source.traits(), std::nullopt);
  if (!plan) return std::unexpected(plan.error());
  out_->plan = std::move(*plan);
  if (webhook().detect == config::Detect::automatic) return {};
  config::Webhook left_to_itself = webhook();
  left_to_itself.detect = config::Detect::automatic;
  const auto by_itself = make_plan(left_to_itself, out_->table, context_.source.traits(), std::nullopt);
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
  std::optional<KnownRow> found;
  Result<void> taken;
  const Scan one{.of = &out_->plan.selection, .after = {}, .from = {}, .limit = 1};
  const auto done = context_.source.read(one, [&](Row row) {
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

Result<void> Explainer::rehearse_polls() {
  CurrentBound source(context_.source);
  PageBuilder nothing = builder(out_->plan);
  const auto first = rehearse(out_->plan, {}, nothing_known(), nothing, source);
  if (!first) return std::unexpected(first.error());
  std::optional<KnownRow> row;
  if (wants_deleted()) {
    auto found = some_row();
    if (!found) return std::unexpected(found.error());
    row = std::move(*found);
    out_->page_remark = "as it would be if this row were deleted now";
    if (!out_->plan.text.gone.empty()) out_->page_remark += "; one only marked as deleted comes with its fields";
  }
  PageBuilder gone = builder(out_->plan);
  const bool narrow = !out_->plan.narrow_index.empty();
  const auto start = narrow ? as_if_quiet(first->checkpoint) : first->checkpoint;
  auto later = rehearse(out_->plan, start, row ? only_known(*row) : one_range_known(), gone, source);
  if (!later) return std::unexpected(later.error());
  // The first poll has just looked at what is under way, so this one does not; later ones will.
  const auto is_bound = [](const Question& question) { return std::holds_alternative<OpenTransactionBound>(question); };
  const auto looked = std::ranges::find_if(first->questions, is_bound);
  if (looked != first->questions.end() && std::ranges::none_of(later->questions, is_bound))
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
  CurrentBound source(context_.source);
  const auto sweep = rehearse(plan, start, one_range_known(), nothing, source);
  if (!sweep) return std::unexpected(sweep.error());
  out_->sweep = shown(sweep->questions, false);
  return {};
}

std::string Explainer::remark(const std::vector<Question>& questions, std::size_t at, bool first) const {
  const Question& question = questions[at];
  const auto strategy = out_->plan.strategy;
  if (std::holds_alternative<Lookup>(question))
    return "the keys that were not met, up to 100 at once: are they really gone";
  if (std::holds_alternative<OpenTransactionBound>(question))
    return "what is under way, where the role may see it (" +
           out_->plan.traits->capabilities().open_transactions_right + "); not with every poll, at most 15 s apart";
  if (is_position(question)) return "where the database stands";
  if (std::holds_alternative<RangeHashes>(question))
    return "count and fingerprint of the key's ranges of " + std::to_string(range_rows(out_->plan)) +
           " rows; a CASE tells which of up to 1,000 (4,000 where no index gives the key's order) a row lies in";
  const bool has_ranges =
      std::ranges::any_of(questions, [](const Question& other) { return std::holds_alternative<RangeHashes>(other); });
  if (strategy == Strategy::snapshot && !first && has_ranges)
    return "the rows of the ranges that differ from what is known; WHERE picks them out";
  if (strategy == Strategy::timestamp && at + 1 < questions.size()) return "rows without a time";
  if (const auto* check = std::get_if<TableCheck>(&question))
    return check->count ? "how many there are; where that is fewer than are known, the keys are read in order as well"
                        : "whether the table was rewritten meanwhile";
  if (strategy == Strategy::xid && !first)
    return "the rows; AND xmin::text <> ALL(…) besides, for what was sent of transactions above the horizon";
  return "the rows";
}

std::vector<ShownQuery> Explainer::shown(const std::vector<Question>& questions, bool first) {
  std::vector<ShownQuery> list;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const bool reads = !is_position(questions[i]) && !std::holds_alternative<Lookup>(questions[i]);
    auto question = context_.source.show(questions[i], reads);
    ShownQuery one{.sql = std::move(question.text),
                   .values = {},
                   .marks = std::move(question.marks),
                   .remark = remark(questions, i, first),
                   .plan = std::move(question.plan)};
    for (const auto& param : question.values) one.values.push_back(hidden_.show(param));
    list.push_back(std::move(one));
  }
  return list;
}

// What an open transaction of that age means for polling.
std::string meaning(const Plan& plan, double seconds) {
  if (plan.strategy == Strategy::xid)
    return "nothing waits for it, but each poll looks again at what was written since";
  const auto reach = lookback(*plan.webhook);
  if (seconds <= std::chrono::duration<double>(reach).count()) return "within lookback, " + config::show(reach);
  if (bounds_open_transactions(plan))
    return "longer than lookback, " + config::show(reach) + ", and polls stay below it";
  return "longer than lookback, " + config::show(reach) + ": what it has stamped may be MISSED when it commits";
}

std::vector<std::string> Explainer::open_transactions() {
  if (out_->plan.strategy == Strategy::snapshot) return {};
  const auto open = context_.source.open_transactions();
  std::vector<std::string> said;
  if (out_->plan.strategy == Strategy::xid && !open.horizon.empty()) said.push_back(open.horizon);
  if (open.text.empty()) return said;
  said.push_back(open.text + (open.open_for_s ? "; " + meaning(out_->plan, *open.open_for_s) : ""));
  return said;
}

// Keeps the first page, and needs no more.
class FirstPage final : public DriveObserver {
 public:
  explicit FirstPage(std::function<void(std::optional<Part>)> keep) : keep_(std::move(keep)) {}

  Result<Then> handled(PageBuilder& builder) override {
    keep_(builder.take_part());
    return builder.pages() == 0 ? Then::go_on : Then::stop;
  }

 private:
  std::function<void(std::optional<Part>)> keep_;
};

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
  const auto plan = make_plan(with_all, out_->table, context_.source.traits(), std::nullopt);
  if (!plan) return std::unexpected(plan.error());
  auto method = make_method(*plan, {}, nothing_known());
  if (!method) return std::unexpected(method.error());
  PageBuilder pages = builder(*plan);
  CurrentBound source(context_.source);
  FirstPage observer([this](std::optional<Part> part) { keep_first(std::move(part)); });
  auto done = drive(**method, source, pages, observer);
  source.end();
  if (!done) return done;
  keep_first(pages.finish((*method)->checkpoint()));
  return {};
}

}  // namespace

Result<std::unique_ptr<Explanation>> explain(const config::Webhook& webhook, const ExplainContext& context) {
  return Explainer(webhook, context).run();
}

}  // namespace vhookd
