#include "scheduler/timestamp_poll.h"

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>

#include "scheduler/checkpoint.h"
#include "scheduler/digest.h"

namespace vhookd {

namespace {

using std::chrono::seconds;

constexpr std::chrono::milliseconds default_lookback = std::chrono::seconds(60);
constexpr Instant never(Micros(std::numeric_limits<std::int64_t>::max()));  // mark of rows that are never forgotten

std::int64_t micros(Instant at) {
  return at.time_since_epoch().count();
}
Instant instant(std::int64_t value) {
  return Instant(Micros(value));
}

std::string_view clock_of(Dialect dialect) {
  if (dialect == Dialect::postgres) return "clock_timestamp()";
  if (dialect == Dialect::mysql) return "now(6)";
  return "strftime('%Y-%m-%d %H:%M:%f', 'now')";
}

// Whether one bound serves times of both forms.
bool comparable(StampForm a, StampForm b) {
  const auto is_text = [](StampForm form) {
    return form == StampForm::sql || form == StampForm::sql_utc || form == StampForm::iso;
  };
  return a == b || (is_text(a) && is_text(b));
}

}  // namespace

TimestampPoll::TimestampPoll(const Plan& plan, KnownRows known)
    : plan_(&plan),
      known_(std::move(known)),
      column_(quote_name(plan.dialect, plan.stamp)),
      lookback_(plan.webhook->lookback.value_or(default_lookback)) {}

Result<TimestampPoll> TimestampPoll::begin(const Plan& plan, const std::string& checkpoint, KnownRows known) {
  TimestampPoll poll(plan, std::move(known));
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
    poll.after_ = read_params(sweep->at("after"));
  }
  return poll;
}

std::string TimestampPoll::checkpoint() const {
  nlohmann::json state = {{"strategy", "timestamp"}, {"form", static_cast<int>(form_)}};
  if (newest_) state["newest"] = micros(*newest_);
  if (bound_) state["bound"] = micros(*bound_);
  if (first_) state["first"] = true;
  if (step_ != Step::done && !after_.empty())
    state["sweep"] = {{"bound", micros(next_bound_)}, {"after", write_params(after_)}};
  return state.dump();
}

std::optional<std::int64_t> TimestampPoll::forget_below() const {
  if (step_ != Step::done || !bound_) return std::nullopt;
  return micros(*bound_);
}

std::optional<Ask> TimestampPoll::next() {
  switch (step_) {
    case Step::position:
      return Ask{.query = position()};
    case Step::newest:
      return Ask{.query = newest()};
    case Step::nulls:
      return Ask{.query = nulls()};
    case Step::scan:
      return Ask{.query = scan()};
    case Step::done:
      break;
  }
  return std::nullopt;
}

Query TimestampPoll::position() const {
  Sql sql(plan_->dialect, plan_->table);
  sql.text("SELECT ").text(clock_of(plan_->dialect)).text(" AS vhookd_now");
  // An empty table has no form yet, and a first poll starts at the newest row there is.
  if (first_ || form_ == StampForm::unknown)
    sql.text(", (SELECT max(").text(column_).text(") FROM ").text(plan_->from).text(") AS ").text(column_);
  return sql.take();
}

// The newest row the clock has reached, where later ones stand before it.
Query TimestampPoll::newest() const {
  Sql sql(plan_->dialect, plan_->table);
  const Param clock = write_stamp(next_bound_, form_);
  sql.text("SELECT max(").text(column_).text(") AS ").text(column_).text(" FROM ").text(plan_->from);
  sql.bound(" WHERE " + column_ + " <= ?", std::span(&clock, 1));
  return sql.take();
}

Result<void> TimestampPoll::take_position(Row row) {
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
  } else if (const Kind kind = plan_->table->find(plan_->stamp)->kind;
             kind == Kind::timestamp || kind == Kind::timestamptz) {
    form_ = kind == Kind::timestamptz ? StampForm::sql_utc : StampForm::sql;  // infinity
    beyond_clock_ = true;
  }
  return {};
}

// What a later view shows says nothing of rows already passed: a sweep gone on with keeps the time it had.
void TimestampPoll::see(Instant at) {
  if (!resumed_ && at <= next_bound_) newest_ = std::max(at, newest_.value_or(at));
}

Sql TimestampPoll::select() const {
  if (plan_->webhook->include_created) {
    Sql sql = select_from(*plan_, {});
    sql.text(" WHERE 1 = 1");
    add_filters(sql, *plan_, " AND ");
    return sql;
  }
  // To tell new from changed, rows the filters leave out must be remembered as well.
  Sql sql = select_with_match(*plan_, {});
  sql.text(" WHERE 1 = 1");
  return sql;
}

Query TimestampPoll::nulls() const {
  Sql sql = select();
  sql.text(" AND ").text(column_).text(" IS NULL ORDER BY ").list(key_names(*plan_), ", ");
  return sql.take();
}

// B' to be; none: no row shows yet where the writers' clock stands. A whole second, because that is how a bound
// is written: what is read again must be remembered.
std::optional<Instant> TimestampPoll::reach() const {
  if (!newest_) return std::nullopt;
  return std::chrono::floor<seconds>(*newest_ - lookback_);
}

// Where the scan starts; none: at the first row.
std::optional<Instant> TimestampPoll::lower() const {
  if (form_ == StampForm::unknown) return std::nullopt;
  if (!first_) return bound_;
  const auto from = reach();
  if (from && plan_->webhook->checked_at) return std::min<Instant>(*plan_->webhook->checked_at, *from);
  if (plan_->webhook->include_all) return std::nullopt;
  return from;
}

void TimestampPoll::start_at(Sql& sql, Instant from) const {
  const bool text = form_ == StampForm::sql || form_ == StampForm::iso;
  if (plan_->dialect != Dialect::sqlite || !text) {
    const Param param = write_stamp(from, form_);
    sql.bound(" AND " + column_ + " >= ?", std::span(&param, 1));
    return;
  }
  // SQLite's own functions write a space between date and time, most programs a T, and one column may hold
  // both: on the bound's day the spelling with T sorts after every one without.
  const std::array bounds = {
      write_stamp(from, StampForm::sql),
      Param{.kind = Kind::text, .null = false, .text = write_stamp(from, StampForm::iso).text.substr(0, 11)},
      write_stamp(from, StampForm::iso)};
  sql.bound(" AND " + column_ + " >= ? AND (" + column_ + " < ? OR " + column_ + " >= ?)", bounds);
}

Query TimestampPoll::scan() const {
  Sql sql = select();
  if (const auto from = lower()) {
    start_at(sql, *from);
  } else {
    sql.text(" AND ").text(column_).text(" IS NOT NULL");
  }
  std::vector<std::string> order = {column_};
  std::ranges::copy(key_names(*plan_), std::back_inserter(order));
  if (!after_.empty()) {
    sql.text(" AND ");
    sql.after(order, after_);
  }
  sql.text(" ORDER BY ").list(order, ", ");
  return sql.take();
}

Result<Instant> TimestampPoll::stamp_of(Row row) {
  const Value& value = row[plan_->stamp_at];
  if (value.null) return never;
  if (const auto stamp = read_stamp(value)) {
    if (form_ == StampForm::unknown) form_ = stamp->form;
    if (!comparable(form_, stamp->form))
      return fail(Recourse::ask_operator,
                  plan_->webhook->id + ": column " + plan_->stamp +
                      " holds times in different units, so it can't order changes; use detect: snapshot");
    see(stamp->at);
    return stamp->at;
  }
  if (value.kind == Kind::timestamp || value.kind == Kind::timestamptz) return never;  // infinity, BC
  return fail(Recourse::ask_operator, plan_->webhook->id + ": column " + plan_->stamp +
                                          " holds what is no time in UTC (2026-11-23 09:00:00, 2026-11-23T09:00:00Z or "
                                          "a number since 1970), so it can't order changes; use detect: snapshot");
}

bool TimestampPoll::matched(Row row) const {
  return plan_->webhook->include_created || row.back().text == "1";
}

Result<bool> TimestampPoll::is_wanted(Row row, Instant at, bool known) const {
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

Result<void> TimestampPoll::row(Row row, Harvest& harvest) {
  if (step_ == Step::position || step_ == Step::newest) return take_position(row);
  const auto at = stamp_of(row);
  if (!at) return std::unexpected(at.error());
  const auto key = key_of(*plan_, row);
  if (!key) return std::unexpected(key.error());
  // What a later poll will read again has to be remembered: all at or above the bound to be.
  const auto from = reach();
  const bool again = !from || *at >= *from;
  std::optional<KnownRow> known;
  if (!first_ || again) {
    auto found = known_.find(*key);
    if (!found) return std::unexpected(found.error());
    known = std::move(*found);
  }
  KnownRow now{.key = *key, .digest = digest(row, plan_->digested), .mark = micros(*at), .matched = matched(row)};
  if (!known || known->digest != now.digest) {
    const auto wanted = is_wanted(row, *at, known.has_value());
    if (!wanted) return std::unexpected(wanted.error());
    const auto before = [this] { return checkpoint(); };
    if (*wanted) harvest.record(row, before);
    if (again || !first_) harvest.remember(std::move(now), before);
  }
  if (step_ == Step::scan) {
    after_ = {own(row[plan_->stamp_at])};
    for (const auto& column : plan_->key) after_.push_back(own(row[column.position]));
  }
  return {};
}

Result<void> TimestampPoll::answered(Harvest&) {
  switch (step_) {
    case Step::position:
      if (beyond_clock_ && !newest_ && !resumed_) {
        step_ = Step::newest;
        break;
      }
      [[fallthrough]];
    case Step::newest:
      step_ = plan_->stamp_nullable && !resumed_ ? Step::nulls : Step::scan;
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
