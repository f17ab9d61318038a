#include "scheduler/detect/timestamp/timestamp_method.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/time_text.h"
#include "scheduler/detect/checkpoint.h"
#include "scheduler/detect/digest.h"
#include "scheduler/detect/guarantee.h"
#include "scheduler/detect/row_key.h"

namespace vhookd {

namespace {

using std::chrono::seconds;

// How often what is under way is looked for; where the role may not see it, whether it may by now.
constexpr Micros least_spacing = seconds(1);
constexpr Micros most_spacing = seconds(15);
constexpr Micros hidden_spacing = std::chrono::minutes(1);
constexpr Instant never{Micros(std::numeric_limits<std::int64_t>::max())};  // mark of rows that are never forgotten

Instant instant(std::int64_t value) {
  return Instant(Micros(value));
}

// Whether one bound serves times of both forms.
bool comparable(StampForm a, StampForm b) {
  const auto is_text = [](StampForm form) {
    return form == StampForm::sql || form == StampForm::sql_utc || form == StampForm::iso;
  };
  return a == b || (is_text(a) && is_text(b));
}

// Whether the key's index gives its order, and a bound in its own text stands in that order for sure.
bool orders_as_it_compares(const Plan& plan) {
  return plan.firm_key && std::ranges::all_of(plan.selection.key, [&](const KeyColumn& key) {
           const Column* column = plan.table->find(key.name);
           return column != nullptr && plan.traits->orders_as_it_compares(*column);
         });
}

}  // namespace

TimestampMethod::TimestampMethod(const Plan& plan, KnownRows known)
    : plan_(&plan), known_(std::move(known)), lookback_(plan.webhook->lookback.value_or(default_lookback)) {}

Result<TimestampMethod> TimestampMethod::begin(const Plan& plan, const std::string& checkpoint, KnownRows known) {
  TimestampMethod poll(plan, std::move(known));
  const auto state = read_checkpoint(checkpoint);
  if (!state) return std::unexpected(state.error());
  if (state->is_null()) return poll;
  poll.first_ = state->value("first", false);
  if (state->contains("bound")) poll.bound_ = instant(state->at("bound"));
  if (state->contains("newest")) poll.newest_ = instant(state->at("newest"));
  poll.form_ = static_cast<StampForm>(state->value("form", 0));
  if (const auto sweep = state->find("sweep"); sweep != state->end()) {
    poll.resumed_ = true;
    poll.next_bound_ = instant(sweep->at("bound"));
    poll.by_key_ = sweep->value("by_key", false);
    poll.after_ = read_params(sweep->at("after"));
    if (sweep->contains("horizon")) poll.horizon_ = instant(sweep->at("horizon"));
    poll.still_ = sweep->value("still", false);
  }
  if (state->contains("probed")) poll.probed_ = instant(state->at("probed"));
  poll.hidden_ = state->value("hidden", false);
  return poll;
}

std::string TimestampMethod::checkpoint() const {
  nlohmann::json state = {{"strategy", "timestamp"}, {"form", static_cast<int>(form_)}};
  if (newest_) state["newest"] = micros(*newest_);
  if (bound_) state["bound"] = micros(*bound_);
  if (first_) state["first"] = true;
  if (step_ != Step::done && !after_.empty())
    state["sweep"] = {{"bound", micros(next_bound_)}, {"after", write_params(after_)}, {"still", still_}};
  if (state.contains("sweep") && by_key_) state["sweep"]["by_key"] = true;
  if (state.contains("sweep") && horizon_) state["sweep"]["horizon"] = micros(*horizon_);
  if (probed_) state["probed"] = micros(*probed_);
  if (hidden_) state["hidden"] = true;
  return state.dump();
}

PollSummary TimestampMethod::summary() const {
  PollSummary summary{.unfinished = false, .up_to_date = !resumed_, .forget_below = {}, .idle_token = {}, .notice = {}};
  if (bound_) summary.forget_below = micros(*bound_);
  return summary;
}

bool TimestampMethod::continue_in_new_view() {
  if (step_ != Step::scan || after_.empty()) return false;
  resumed_ = true;
  return true;
}

std::optional<Question> TimestampMethod::next() {
  switch (step_) {
    case Step::position:
      return position();
    case Step::newest:
      // The newest row the clock has reached, where later ones stand before it.
      return NewestStamp{.of = &plan_->selection, .up_to = write_stamp(next_bound_, form_)};
    case Step::horizon:
      return OpenTransactionBound();
    case Step::nulls:
      return nulls();
    case Step::scan:
      return scan();
    case Step::done:
      break;
  }
  return std::nullopt;
}

// An empty table has no form yet, and a first poll starts at the newest row there is.
ClockPosition TimestampMethod::position() const {
  return {.of = &plan_->selection, .newest = first_ || form_ == StampForm::unknown};
}

Result<void> TimestampMethod::take_position(Row row) {
  if (step_ == Step::position) {
    const auto now = read_stamp(row[0]);
    if (!now) return fail(Recourse::give_up, "the database's clock can't be read: " + std::string(row[0].text));
    if (!resumed_) next_bound_ = now->at;
    row = row.subspan(1);
  }
  if (row.empty() || row[0].null) return {};
  if (const auto stamp = read_stamp(row[0])) {
    form_ = stamp->form;
    see(stamp->at);
    beyond_clock_ = stamp->at > next_bound_;
  } else if (const Kind kind = plan_->table->find(plan_->selection.stamp)->kind;
             kind == Kind::timestamp || kind == Kind::timestamptz) {
    form_ = kind == Kind::timestamptz ? StampForm::sql_utc : StampForm::sql;  // infinity
    beyond_clock_ = true;
  }
  return {};
}

// What a later view shows says nothing of rows already passed: a sweep gone on with keeps the time it had.
void TimestampMethod::see(Instant at) {
  if (!resumed_ && at <= next_bound_) newest_ = std::max(at, newest_.value_or(at));
}

// A sweep that was begun goes on in its order, whatever the rows have shown since.
TimestampMethod::Step TimestampMethod::first_scan() {
  if (resumed_) return Step::scan;
  by_key_ = !lower() && orders_as_it_compares(*plan_);
  return plan_->stamp_nullable && !by_key_ ? Step::nulls : Step::scan;
}

// Whether to look for what is under way. Not with every poll: InnoDB shows its transactions out of a cache that
// is renewed only when nobody has read it for 100 ms.
TimestampMethod::Step TimestampMethod::after_position() {
  if (resumed_ || !bounds_open_transactions(*plan_)) return first_scan();
  const Micros spacing = hidden_ ? hidden_spacing : std::clamp<Micros>(lookback_ / 4, least_spacing, most_spacing);
  if (!probed_ || !bound_ || next_bound_ < *probed_ || next_bound_ - *probed_ >= spacing) return Step::horizon;
  still_ = !hidden_;
  return first_scan();
}

Scan TimestampMethod::nulls() const {
  return {.of = &plan_->selection,
          .match_column = !plan_->webhook->include_created,
          .order = Scan::Order::by_key,
          .after = {},
          .from = {},
          .stamps = Scan::Stamps::null};
}

// B' to be; none: no row shows yet where the writers' clock stands. Never above what the lookback gives, which
// covers clients' clocks as well, nor above what is under way. A whole second, because that is how a bound is
// written: what is read again must be remembered.
std::optional<Instant> TimestampMethod::reach() const {
  if (!newest_) return std::nullopt;
  Instant bound = *newest_ - lookback_;
  if (horizon_) bound = std::min(bound, *horizon_);
  if (still_ && bound_) bound = std::min(bound, *bound_);
  return std::chrono::floor<seconds>(bound);
}

// Where the scan starts; none: at the first row.
std::optional<Instant> TimestampMethod::lower() const {
  if (form_ == StampForm::unknown) return std::nullopt;
  if (!first_) return bound_;
  const auto from = reach();
  if (from && plan_->webhook->checked_at) return std::min<Instant>(*plan_->webhook->checked_at, *from);
  if (plan_->webhook->include_all) return std::nullopt;
  return from;
}

// To tell new from changed, rows the filters leave out must be remembered as well.
Scan TimestampMethod::scan() const {
  Scan scan{.of = &plan_->selection,
            .match_column = !plan_->webhook->include_created,
            .order = by_key_ ? Scan::Order::by_key : Scan::Order::by_stamp,
            .after = after_,
            .from = {}};
  if (by_key_) return scan;  // all of them
  if (const auto from = lower()) {
    scan.from = StampBound{.at = *from, .form = form_};
  } else {
    scan.stamps = Scan::Stamps::not_null;
  }
  return scan;
}

// Written over the last row's, so that a row costs no allocation.
void TimestampMethod::passed(Row row) {
  const std::size_t lead = by_key_ ? 0 : 1;
  after_.resize(lead + plan_->selection.key.size());
  if (!by_key_) copy_to(row[plan_->stamp_at], after_[0]);
  for (std::size_t i = 0; i < plan_->selection.key.size(); ++i)
    copy_to(row[plan_->selection.key[i].position], after_[lead + i]);
}

Result<Instant> TimestampMethod::stamp_of(Row row) {
  const Value& value = row[plan_->stamp_at];
  if (value.null) return never;
  if (const auto stamp = read_stamp(value)) {
    if (form_ == StampForm::unknown) form_ = stamp->form;
    if (!comparable(form_, stamp->form))
      return fail(Recourse::ask_operator,
                  plan_->webhook->id + ": column " + plan_->selection.stamp +
                      " holds times in different units, so it can't order changes; use detect: snapshot");
    see(stamp->at);
    return stamp->at;
  }
  const bool moved = parse_rfc3339(value.text).has_value();  // of another zone, which sorts among the others' as text
  if (!moved && (value.kind == Kind::timestamp || value.kind == Kind::timestamptz)) return never;  // infinity, BC
  return fail(Recourse::ask_operator,
              plan_->webhook->id + ": column " + plan_->selection.stamp +
                  " contains a value that is not a time in UTC (2026-11-23 09:00:00, 2026-11-23T09:00:00Z or "
                  "a number since 1970), so it can't order changes; use detect: snapshot");
}

bool TimestampMethod::matched(Row row) const {
  return plan_->webhook->include_created || row.back().text == "1";
}

Result<bool> TimestampMethod::is_wanted(Row row, Instant at, bool known) const {
  if (!matched(row) || (known && plan_->webhook->event == config::Event::created)) return false;
  if (first_) {
    if (plan_->webhook->checked_at) return at != never && at >= *plan_->webhook->checked_at;
    return plan_->webhook->include_all;
  }
  if (plan_->webhook->event == config::Event::created || plan_->webhook->include_created) return true;
  // A row not known was not there at the last poll if it was born since; else it is older and has changed.
  // Without a bound the last poll saw all there was.
  if (known || !bound_) return known;
  const auto born = read_stamp(row[plan_->created_at]);
  return !born || born->at < *bound_;
}

Result<void> TimestampMethod::row(Row row, PageBuilder& builder) {
  if (step_ == Step::position || step_ == Step::newest) return take_position(row);
  if (step_ == Step::horizon) {
    if (const auto stamp = read_stamp(row[0])) horizon_ = stamp->at;
    stale_ = row[0].null;
    return {};
  }
  const auto at = stamp_of(row);
  if (!at) return std::unexpected(at.error());
  auto key = key_of(*plan_, row);
  if (!key) return std::unexpected(key.error());
  // What a later poll will read again has to be remembered: all at or above the bound to be. Of the rest of a first
  // poll nothing is known, and no digest is needed.
  const auto from = reach();
  const bool remembered = !first_ || !from || *at >= *from;
  KnownRow now{.key = *std::move(key), .digest = {}, .mark = micros(*at), .matched = matched(row)};
  std::optional<KnownRow> known;
  if (remembered) {
    now.digest = digest(row, plan_->digested, plan_->typing);
    auto found = known_.find(now.key);
    if (!found) return std::unexpected(found.error());
    known = std::move(*found);
  }
  if (!known || known->digest != now.digest) {
    const auto wanted = is_wanted(row, *at, known.has_value());
    if (!wanted) return std::unexpected(wanted.error());
    const auto before = [this] { return checkpoint(); };
    if (*wanted) builder.record(row, before);
    if (remembered) builder.remember(std::move(now), before);
  }
  if (step_ == Step::scan) passed(row);
  return {};
}

Result<void> TimestampMethod::answered(PageBuilder&) {
  switch (step_) {
    case Step::position:
      if (beyond_clock_ && !newest_ && !resumed_) {
        step_ = Step::newest;
        break;
      }
      [[fallthrough]];
    case Step::newest:
      step_ = after_position();
      break;
    case Step::horizon:
      if (stale_ && !bound_)
        return fail(Recourse::retry,
                    "InnoDB does not renew information_schema.innodb_trx, because something reads it more often than "
                    "every 100 ms: what is under way at the database can't be seen. Let that read less often");
      still_ = stale_;  // and the next poll looks again
      if (!stale_) probed_ = next_bound_;
      hidden_ = !horizon_ && !stale_;
      step_ = first_scan();
      break;
    case Step::nulls:
      step_ = Step::scan;
      break;
    case Step::scan:
      step_ = Step::done;
      first_ = false;
      if (const auto bound = reach()) bound_ = std::max(*bound, bound_.value_or(*bound));
      break;
    case Step::done:
      break;
  }
  return {};
}

}  // namespace vhookd
