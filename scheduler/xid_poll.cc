#include "scheduler/xid_poll.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "scheduler/checkpoint.h"
#include "scheduler/digest.h"
#include "scheduler/stamp.h"

namespace vhookd {

namespace {

// Two xids further apart than this can't be told older from newer by PostgreSQL itself (31 bits), less room
// for what happens during the poll.
constexpr std::uint64_t comparable_xids = (std::uint64_t{1} << 31) - 10'000'000;

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string low_32(std::uint64_t xid) {
  return std::to_string(static_cast<std::uint32_t>(xid));
}

Param text_param(std::string text) {
  return {.kind = Kind::text, .null = false, .text = std::move(text)};
}

}  // namespace

Result<XidPoll> XidPoll::begin(const Plan& plan, const std::string& checkpoint, KnownRows known) {
  XidPoll poll(plan, std::move(known));
  poll.by_place_ = poll.goes_by_place();
  const auto state = read_checkpoint(checkpoint);
  if (!state) return std::unexpected(state.error());
  if (state->is_null()) return poll;
  poll.first_ = state->value("first", false);
  poll.everything_ = state->value("everything", false);
  poll.horizon_ = state->value("horizon", std::uint64_t{0});
  poll.delivered_ = state->value("delivered", std::set<std::uint64_t>());
  if (const auto sweep = state->find("sweep"); sweep != state->end()) {
    poll.sweep_ =
        Sweep{.horizon = sweep->at("horizon"), .seen = sweep->at("seen"), .after = read_params(sweep->at("after"))};
    poll.resumed_ = true;
  }
  return poll;
}

std::string XidPoll::checkpoint() const {
  nlohmann::json state = {{"strategy", "xid"}, {"horizon", horizon_}, {"delivered", delivered_}};
  if (first_) state["first"] = true;
  if (everything_) state["everything"] = true;
  if (sweep_ && !sweep_->after.empty())
    state["sweep"] = {{"horizon", sweep_->horizon}, {"seen", sweep_->seen}, {"after", write_params(sweep_->after)}};
  return state.dump();
}

std::optional<Ask> XidPoll::next() {
  if (step_ == Step::position) {
    Sql sql(plan_->dialect, nullptr);
    sql.text("SELECT pg_current_snapshot()::text AS snapshot");
    return Ask{.query = sql.take()};
  }
  if (step_ == Step::scan) return Ask{.query = scan()};
  return std::nullopt;
}

Result<void> XidPoll::take_position(Row row) {
  const auto text = row[0].text;  // xmin:xmax:in,progress
  const auto colon = text.find(':');
  const auto xmin = number(text);
  snapshot_xmax_ = number(text.substr(colon + 1));
  if (colon == std::string_view::npos || xmin == 0 || snapshot_xmax_ < xmin)
    return fail(Recourse::give_up, "the server's snapshot can't be read: " + std::string(text));
  // What the sweep hangs on: its own horizon where it compares everything, else the last poll's as well.
  const bool compares = first_ || everything_;
  if (sweep_ || !compares) {
    const auto newest = std::max(horizon_, sweep_ ? sweep_->horizon : 0);
    const auto oldest = compares ? sweep_->horizon : horizon_;
    if (snapshot_xmax_ < newest || snapshot_xmax_ - oldest > comparable_xids) start_over(snapshot_xmax_ < newest);
  }
  if (!sweep_) sweep_ = Sweep{.horizon = xmin, .seen = {}, .after = {}};
  return {};
}

// H and K mean nothing to this database any more.
void XidPoll::start_over(bool behind) {
  everything_ = !first_;
  if (everything_)
    notice_ = behind ? "the database's transaction count is behind the last poll's (restored or upgraded): every row "
                       "is sent again"
                     : "too many transactions since the last poll to compare them: every row is sent again";
  horizon_ = 0;
  delivered_.clear();
  sweep_.reset();
  resumed_ = false;
}

// A sweep goes on after a crash behind the last row handled: by the key where the catalogue vouches that it is
// unique and never NULL, else by the place in the table.
bool XidPoll::goes_by_place() const {
  const auto same = [&](const std::vector<std::string>& names) {
    return std::ranges::equal(names, plan_->key, {}, {}, &KeyColumn::name);
  };
  const auto firm = [&](const KeyColumn& key) { return !plan_->table->find(key.name)->nullable; };
  if (plan_->key.empty()) return true;
  if (same(plan_->table->primary_key)) return false;
  const auto unique = [&](const Index& index) { return index.unique && same(index.columns); };
  return !std::ranges::any_of(plan_->table->indexes, unique) || !std::ranges::all_of(plan_->key, firm);
}

std::vector<std::string> XidPoll::extras() const {
  std::vector<std::string> extra = {"xmin::text AS vhookd_xmin"};
  if (by_place_) extra.emplace_back("ctid::text AS vhookd_ctid");
  return extra;
}

void XidPoll::add_newer_than(Sql& sql, std::uint64_t horizon) const {
  // age() compares xids as PostgreSQL does, wraparound included; rows of permanent xids are infinitely old. A
  // frozen row keeps its xmin for good: more than 2^31 transactions later it looks younger than now.
  const Param param = text_param(low_32(horizon));
  sql.bound("age(xmin) BETWEEN 0 AND age(?::xid)", std::span(&param, 1));
}

Query XidPoll::scan() const {
  Sql sql = plan_->remembers ? select_with_match(*plan_, extras()) : select_from(*plan_, extras());
  sql.text(" WHERE TRUE");
  if (!first_ && !everything_) {
    sql.text(" AND ");
    add_newer_than(sql, horizon_);
    if (!delivered_.empty()) {
      std::string list = "{";
      for (const auto xid : delivered_) list += (list.size() > 1 ? "," : "") + low_32(xid);
      const Param param = text_param(list + "}");
      sql.bound(" AND xmin::text <> ALL(?::text[])", std::span(&param, 1));
    }
  } else if (first_ && !plan_->remembers && plan_->webhook->checked_at) {
    const Kind kind = plan_->table->find(plan_->stamp)->kind;
    if (kind == Kind::timestamp || kind == Kind::timestamptz) {  // the unit of a number shows only in its values
      const Param start =
          write_stamp(*plan_->webhook->checked_at, kind == Kind::timestamptz ? StampForm::sql_utc : StampForm::sql);
      sql.bound(" AND (" + quote_name(plan_->dialect, plan_->stamp) + " >= ? OR ", std::span(&start, 1));
      add_newer_than(sql, sweep_->horizon);
      sql.text(")");
    }
  } else if (first_ && !plan_->remembers && !plan_->webhook->include_all) {
    sql.text(" AND ");  // nothing is sent; only the xids above the horizon need to be known
    add_newer_than(sql, sweep_->horizon);
  }
  if (!plan_->remembers) add_filters(sql, *plan_, " AND ");
  const auto order = by_place_ ? std::vector<std::string>{"ctid"} : key_names(*plan_);
  if (!sweep_->after.empty()) {
    sql.text(" AND ");
    sql.after(order, sweep_->after);
  }
  sql.text(" ORDER BY ").list(order, ", ");
  return sql.take();
}

std::uint64_t XidPoll::full_xid(std::string_view xmin) const {
  const auto low = number(xmin);
  if (low < 3) return 0;  // permanent: older than all
  constexpr std::uint64_t round = std::uint64_t{1} << 32;
  const auto full = (snapshot_xmax_ & ~(round - 1)) | low;
  return full < snapshot_xmax_ || full < round ? full : full - round;
}

Result<void> XidPoll::row(Row row, Harvest& harvest) {
  if (step_ == Step::position) return take_position(row);
  const auto width = plan_->selected.size();
  const auto xid = full_xid(row[width].text);
  std::optional<KnownRow> to_remember;
  const auto wanted = is_wanted(row, to_remember);
  if (!wanted) return std::unexpected(wanted.error());
  const auto before = [this] { return checkpoint(); };
  if (*wanted) harvest.record(row, before);
  if (to_remember) harvest.remember(std::move(*to_remember), before);
  if (xid >= sweep_->horizon && !resumed_) sweep_->seen.insert(xid);
  sweep_->after.clear();
  if (by_place_) {
    sweep_->after.push_back(text_param(std::string(row[width + 1].text)));
  } else {
    for (const auto& key : plan_->key) sweep_->after.push_back(own(row[key.position]));
  }
  return {};
}

Result<bool> XidPoll::is_wanted(Row row, std::optional<KnownRow>& to_remember) const {
  bool wanted = true;
  if (first_) {
    wanted = plan_->webhook->include_all;
    if (plan_->webhook->checked_at) {
      const auto stamp = read_stamp(row[plan_->stamp_at]);
      wanted = stamp && stamp->at >= *plan_->webhook->checked_at;
    }
  }
  if (!plan_->remembers) return wanted;
  const auto key = key_of(*plan_, row);
  if (!key) return std::unexpected(key.error());
  const auto known = known_.find(*key);
  if (!known) return std::unexpected(known.error());
  KnownRow now{.key = *key, .digest = digest(row, plan_->digested), .mark = 0, .matched = row.back().text == "1"};
  const bool is_new = !known->has_value();
  if (!is_new && (*known)->digest == now.digest) return false;
  wanted = wanted && now.matched && (is_new ? plan_->wants_created() || first_ : plan_->wants_updated());
  to_remember = std::move(now);
  return wanted;
}

Result<void> XidPoll::answered(Harvest&) {
  if (step_ == Step::position) {
    if (!sweep_) return fail(Recourse::retry, "the server gave no snapshot");
    step_ = Step::scan;
    return {};
  }
  step_ = Step::done;
  first_ = false;
  everything_ = false;
  horizon_ = sweep_->horizon;
  // What an earlier poll delivered was not read by this one, and stays delivered.
  std::erase_if(delivered_, [this](std::uint64_t xid) { return xid < horizon_; });
  delivered_.merge(sweep_->seen);
  sweep_.reset();
  return {};
}

}  // namespace vhookd
