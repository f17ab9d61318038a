#include "scheduler/detect/timestamp/timestamp_poll.h"

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/time_text.h"
#include "scheduler/detect/checkpoint.h"
#include "scheduler/detect/digest.h"

namespace vhookd {

namespace {

using std::chrono::seconds;

// How often what is under way is looked for; where the role may not see it, whether it may by now.
constexpr Micros least_spacing = seconds(1);
constexpr Micros most_spacing = seconds(15);
constexpr Micros hidden_spacing = std::chrono::minutes(1);
constexpr Instant never{Micros(std::numeric_limits<std::int64_t>::max())};  // mark of rows that are never forgotten

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

// Whether the key's index gives its order, and a bound in its own text stands in that order for sure. MySQL orders an
// ENUM by its number and compares it by its text; a decimal bound as text is compared as floating point.
bool orders_as_it_compares(const Plan& plan) {
  return plan.firm_key && std::ranges::all_of(plan.key, [&](const KeyColumn& key) {
           const Column* column = plan.table->find(key.name);
           if (column == nullptr || !column->select_as.empty()) return false;
           const bool is_text =
               column->kind == Kind::text && (plan.dialect != Dialect::mysql || column->declared.starts_with("char(") ||
                                              column->declared.starts_with("varchar("));
           return column->kind == Kind::integer || column->kind == Kind::binary || is_text;
         });
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
    poll.by_key_ = sweep->value("by_key", false);
    poll.after_ = read_params(sweep->at("after"));
    if (sweep->contains("horizon")) poll.horizon_ = instant(sweep->at("horizon"));
    poll.still_ = sweep->value("still", false);
  }
  if (state->contains("probed")) poll.probed_ = instant(state->at("probed"));
  poll.hidden_ = state->value("hidden", false);
  return poll;
}

std::string TimestampPoll::checkpoint() const {
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

std::optional<std::int64_t> TimestampPoll::forget_below() const {
  if (step_ != Step::done || !bound_) return std::nullopt;
  return micros(*bound_);
}

bool TimestampPoll::go_on_anew() {
  if (step_ != Step::scan || after_.empty()) return false;
  resumed_ = true;
  return true;
}

std::optional<Question> TimestampPoll::next() {
  switch (step_) {
    case Step::position:
      return Question{.query = position(), .position = true};
    case Step::newest:
      return Question{.query = newest(), .position = true};
    case Step::horizon:
      return Question{.query = horizon(), .refusable = true, .position = true, .shared = true};
    case Step::nulls:
      return Question{.query = nulls(), .anew = std::exchange(anew_, false)};
    case Step::scan:
      return Question{.query = scan(), .anew = std::exchange(anew_, false)};
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

// A sweep that was begun goes on in its order, whatever the rows have shown since.
TimestampPoll::Step TimestampPoll::first_scan() {
  if (resumed_) return Step::scan;
  by_key_ = !lower() && orders_as_it_compares(*plan_);
  return plan_->stamp_nullable && !by_key_ ? Step::nulls : Step::scan;
}

// Whether to look for what is under way. Not with every poll: InnoDB shows its transactions out of a cache that
// is renewed only when nobody has read it for 100 ms.
TimestampPoll::Step TimestampPoll::after_position() {
  if (resumed_ || plan_->dialect != Dialect::mysql) return first_scan();
  // A DATETIME may hold the time of any zone, of which no horizon says anything.
  if (const Column* column = plan_->table->find(plan_->stamp); column == nullptr || column->kind != Kind::timestamptz)
    return first_scan();
  const Micros spacing = hidden_ ? hidden_spacing : std::clamp<Micros>(lookback_ / 4, least_spacing, most_spacing);
  if (!probed_ || !bound_ || next_bound_ < *probed_ || next_bound_ - *probed_ >= spacing) return Step::horizon;
  still_ = !hidden_;
  return first_scan();
}

// The oldest stamp that what is under way may have written, in UTC as the session has it. A statement may be older
// than its transaction, which begins with the first row it touches. innodb_trx has whole seconds, in the time zone
// of the server's machine. A transaction that has written nothing and runs nothing will take its stamps later.
//
// What innodb_trx shows may be old: who reads it more often than every 100 ms, for all sessions together, sees it
// renewed never. The view this is asked in stands in it as well, or an earlier one of the same session: it shows all
// that began before that. Where neither does, its age is not known, and the answer is NULL.
Query TimestampPoll::horizon() const {
  Sql sql(plan_->dialect, nullptr);
  sql.text(
      "SELECT CASE WHEN shown.own = 1 THEN LEAST(now(6), shown.oldest, "
      "coalesce((SELECT now(6) - INTERVAL max(time) SECOND FROM information_schema.processlist "
      "WHERE command NOT IN ('Sleep', 'Daemon', 'Binlog Dump', 'Binlog Dump GTID') "
      "AND user NOT IN ('system user', 'event_scheduler')), now(6))) - INTERVAL 1 SECOND END AS vhookd_horizon "
      "FROM (SELECT max(trx_mysql_thread_id = connection_id()) AS own, "
      "min(CASE WHEN trx_rows_modified > 0 OR trx_query IS NOT NULL OR trx_mysql_thread_id = connection_id() "
      "THEN convert_tz(trx_started, 'SYSTEM', '+00:00') END) AS oldest "
      "FROM information_schema.innodb_trx) AS shown");
  return sql.take();
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

// B' to be; none: no row shows yet where the writers' clock stands. Never above what the lookback gives, which
// covers clients' clocks as well, nor above what is under way. A whole second, because that is how a bound is
// written: what is read again must be remembered.
std::optional<Instant> TimestampPoll::reach() const {
  if (!newest_) return std::nullopt;
  Instant bound = *newest_ - lookback_;
  if (horizon_) bound = std::min(bound, *horizon_);
  if (still_ && bound_) bound = std::min(bound, *bound_);
  return std::chrono::floor<seconds>(bound);
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
  if (by_key_) {
    // All of them.
  } else if (const auto from = lower()) {
    start_at(sql, *from);
  } else {
    sql.text(" AND ").text(column_).text(" IS NOT NULL");
  }
  const auto columns = order();
  if (!after_.empty()) {
    sql.text(" AND ");
    sql.after(columns, after_);
  }
  sql.text(" ORDER BY ").list(columns, ", ");
  return sql.take();
}

std::vector<std::string> TimestampPoll::order() const {
  auto columns = key_names(*plan_);
  if (!by_key_) columns.insert(columns.begin(), column_);
  return columns;
}

// Written over the last row's, so that a row costs no allocation.
void TimestampPoll::passed(Row row) {
  const std::size_t lead = by_key_ ? 0 : 1;
  after_.resize(lead + plan_->key.size());
  if (!by_key_) own(row[plan_->stamp_at], after_[0]);
  for (std::size_t i = 0; i < plan_->key.size(); ++i) own(row[plan_->key[i].position], after_[lead + i]);
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
  const bool moved = parse_rfc3339(value.text).has_value();  // of another zone, which sorts among the others' as text
  if (!moved && (value.kind == Kind::timestamp || value.kind == Kind::timestamptz)) return never;  // infinity, BC
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

Result<void> TimestampPoll::row(Row row, PageBuilder& builder) {
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

Result<void> TimestampPoll::answered(PageBuilder&) {
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
      anew_ = true;
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
