#include "scheduler/detect/xid/xid_method.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/stamp.h"
#include "scheduler/detect/checkpoint.h"
#include "scheduler/detect/digest.h"
#include "scheduler/detect/row_key.h"
#include "scheduler/detect/xid/server_run.h"

namespace vhookd {

namespace {

// Two xids further apart than this can't be told older from newer by PostgreSQL itself (31 bits), less room
// for what happens during the poll.
constexpr std::uint64_t comparable_xids = (std::uint64_t{1} << 31) - 10'000'000;

// Where digests are kept, K only saves reading rows again that they show to be sent already: a transaction open
// for hours must not let it grow for ever.
constexpr std::size_t most_xids = 10'000;

// What a narrow poll that was cut short is kept as: not as a sweep, which a release before them would go on with.
constexpr auto narrow_name = "narrow_sweep";

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Of a list "part:file,…".
std::set<std::uint64_t> parts_of(std::string_view list) {
  std::set<std::uint64_t> parts;
  while (!list.empty()) {
    const auto part = list.substr(0, list.find(','));
    parts.insert(number(part));
    list.remove_prefix(std::min(list.size(), part.size() + 1));
  }
  return parts;
}

std::unexpected<Error> rewritten() {
  return fail(Recourse::retry, "the table was rewritten while it was read; the next poll reads it again");
}

}  // namespace

Result<XidMethod> XidMethod::begin(const Plan& plan, const std::string& checkpoint, KnownRows known) {
  XidMethod poll(plan, std::move(known));
  poll.by_place_ = !plan.firm_key;
  poll.parted_ = plan.table->relation == Relation::partitioned_table || plan.table->has_heirs;
  const auto state = read_checkpoint(checkpoint);
  if (!state) return std::unexpected(state.error());
  if (plan.remembers) {
    const auto rows = poll.known_.count();
    if (!rows) return std::unexpected(rows.error());
    poll.known_rows_ = *rows;
  }
  poll.fresh_ = poll.known_rows_ == 0;
  if (!plan.narrow_index.empty()) poll.narrowing_.emplace(plan, *state);
  if (state->is_null()) return poll;
  poll.first_ = state->value("first", false);
  poll.everything_ = state->value("everything", false);
  poll.noted_ = poll.first_ || !plan.remembers || state->value("noted", false);
  poll.position_ = XidPosition::read(*state);
  poll.run_ = state->value("server", "");
  poll.sweep_ = poll.sweep_of(*state);
  if (poll.sweep_) {
    if (poll.by_place_ || poll.sweep_->place.empty()) {
      poll.resumed_ = true;
    } else {  // it went by place until the table got a key that tells its rows apart
      poll.sweep_.reset();
      poll.fresh_ = false;
    }
  }
  poll.parts_ = read_xids(state->value("parts", nlohmann::json::array()));
  return poll;
}

// The one that was cut short; none: it is done, or a narrow poll that is not to be gone on with.
std::optional<XidMethod::Sweep> XidMethod::sweep_of(const nlohmann::json& state) const {
  const bool narrow = state.contains(narrow_name);
  const auto at = state.find(narrow ? narrow_name : "sweep");
  if (at == state.end() || (narrow && (!narrowing_ || plan_->whole))) return std::nullopt;
  Sweep sweep{.horizon = at->at("horizon"),
              .seen = read_xids(at->at("seen")),
              .after = read_params(at->at("after")),
              .place = at->value("place", ""),
              .parts = read_xids(at->value("parts", nlohmann::json::array())),
              .since = {},
              .began = Instant(Micros(at->value("began", std::int64_t{0})))};
  if (narrow) sweep.since = read_params(at->at("since")).at(0);
  return sweep;
}

std::string XidMethod::checkpoint() const {
  nlohmann::json state = {{"strategy", "xid"}};
  position_.write(state);
  if (first_) state["first"] = true;
  if (everything_) state["everything"] = true;
  if (plan_->remembers && noted_) state["noted"] = true;
  if (!run_.empty()) state["server"] = run_;
  if (sweep_ && !sweep_->after.empty()) {
    auto& sweep = state[sweep_->since ? narrow_name : "sweep"];
    sweep = {{"horizon", sweep_->horizon}, {"seen", write_xids(sweep_->seen)}, {"after", write_params(sweep_->after)}};
    if (!sweep_->place.empty()) sweep["place"] = sweep_->place;
    if (parted_) sweep["parts"] = write_xids(sweep_->parts);
    if (narrowing_) sweep["began"] = sweep_->began.time_since_epoch().count();
    if (sweep_->since) sweep["since"] = write_params({*sweep_->since});
  }
  if (narrowing_) narrowing_->write(state);
  if (parted_) state["parts"] = write_xids(parts_);
  // A database without an encoding takes any bytes for a name; a text that is not as it was when read again only makes
  // the next poll read more.
  return state.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::optional<Question> XidMethod::next() {
  switch (step_) {
    case Step::position:
      return position();
    case Step::scan:
      return scan();
    case Step::count:
      return check();
    case Step::keys:
      return gone_.question();
    case Step::done:
      break;
  }
  return std::nullopt;
}

Result<void> XidMethod::take_position(Row row) {
  rows_.reset();
  const auto text = row[0].text;  // xmin:xmax:in,progress
  const auto colon = text.find(':');
  const auto xmin = number(text);
  snapshot_xmax_ = number(text.substr(colon + 1));
  if (colon == std::string_view::npos || xmin == 0 || snapshot_xmax_ < xmin)
    return fail(Recourse::give_up, "the server's snapshot can't be read: " + std::string(text));
  if (narrowing_)
    if (auto taken = narrowing_->take_position(row.subspan(parted_ ? 3 : 2), snapshot_xmax_); !taken) return taken;
  // What the sweep hangs on: its own horizon where it compares everything, else the last poll's as well.
  const bool compares = first_ || everything_;
  if (sweep_ || !compares) {
    const auto newest =
        std::max({position_.horizon, narrowing_ ? narrowing_->position().horizon : 0, sweep_ ? sweep_->horizon : 0});
    const auto oldest = compares ? sweep_->horizon : position_.horizon;
    if (snapshot_xmax_ < newest)
      start_over("the database's transaction count is behind the last poll's (restored or upgraded)");
    else if (snapshot_xmax_ - oldest > comparable_xids)
      start_over("too many transactions since the last poll to compare them");
  }
  token_ = row[1].null ? std::string() : std::string(text) + " " + std::string(row[1].text);
  if (!row[1].null) check_run(std::string(row[1].text));
  if (parted_) now_ = parts_of(row[2].text);
  if (by_place_) check_place(std::string(row[2].text));
  if (!sweep_) begin_sweep(xmin);
  return {};
}

// A narrow poll knows nothing of rows that were written long ago, as those of a new partition may be.
void XidMethod::begin_sweep(std::uint64_t horizon) {
  sweep_ = Sweep{.horizon = horizon, .seen = {}, .after = {}, .place = place_, .parts = now_, .since = {}, .began = {}};
  if (!narrowing_) return;
  sweep_->began = narrowing_->now();
  if (!plan_->whole && !starts_with_everything() && std::ranges::includes(parts_, now_) && !narrowing_->sweep_is_due())
    sweep_->since = narrowing_->bound();
}

// What was kept at another run of the server may be of a history that this one does not go on. Where digests are
// kept, comparing all rows tells, and sends no more than what differs. Several standbys behind one name are not asked:
// they follow one history, and the answer would change with each session.
void XidMethod::check_run(std::string run) {
  const bool other = plan_->remembers && !run_.empty() && !same_server_run(run_, run);
  run_ = std::move(run);
  if (other) start_over("the database server was started anew since the last poll");
}

// VACUUM FULL and CLUSTER write the table anew: a place in the old file means nothing in the new one.
void XidMethod::check_place(std::string place) {
  place_ = std::move(place);
  if (!sweep_ || sweep_->after.empty() || sweep_->place == place_) return;
  sweep_.reset();
  resumed_ = false;
  fresh_ = false;
}

// H and K mean nothing to this database any more.
void XidMethod::start_over(const std::string& why) {
  everything_ = !first_;
  if (everything_)
    notice_ = why + (plan_->remembers ? ": every row is compared with what was sent" : ": every row is sent again");
  position_ = {};
  if (narrowing_) narrowing_->start_over();
  sweep_.reset();
  resumed_ = false;
  fresh_ = false;
}

bool XidMethod::continue_in_new_view() {
  if (step_ != Step::scan || sweep_->after.empty()) return false;
  resumed_ = true;
  step_ = Step::position;
  return true;
}

std::uint64_t XidMethod::full_xid(std::string_view xmin) const {
  const auto low = number(xmin);
  if (low < 3) return 0;  // permanent: older than all
  constexpr std::uint64_t round = std::uint64_t{1} << 32;
  const auto full = (snapshot_xmax_ & ~(round - 1)) | low;
  return full < snapshot_xmax_ || full < round ? full : full - round;
}

Result<void> XidMethod::take_count(Row row) {
  if (row[1].text != "true") return rewritten();
  if (narrowing_) ended_ = row[2].text;
  rows_ = number(row[0].text);
  return {};
}

XidMethod::Step XidMethod::after_count() const {
  const bool fewer = !sweep_->since && (resumed_ || rows_ != static_cast<std::uint64_t>(known_rows_));
  return fewer ? Step::keys : Step::done;
}

Result<void> XidMethod::row(Row row, PageBuilder& builder) {
  switch (step_) {
    case Step::position:
      return take_position(row);
    case Step::scan:
      return take_row(row, builder);
    case Step::count:
      return take_count(row);
    case Step::keys:
      return gone_.row(row, builder, [this] { return checkpoint(); });
    case Step::done:
      break;
  }
  return {};
}

void XidMethod::add_seen(std::uint64_t xid) {
  if (xid < sweep_->horizon || resumed_) return;
  if (plan_->remembers && sweep_->seen.size() >= most_xids) return;
  sweep_->seen.insert(xid);
}

Result<void> XidMethod::take_row(Row row, PageBuilder& builder) {
  const auto width = plan_->selection.columns.size();
  if (!rows_ && counts_along()) {
    const Value& rows = row[width + (by_place_ ? 2 : 1)];
    if (rows.null) return rewritten();
    rows_ = number(rows.text);
  }
  const auto xid = full_xid(row[width].text);
  std::optional<KnownRow> to_remember;
  const auto wanted = is_wanted(row, xid, to_remember);
  if (!wanted) return std::unexpected(wanted.error());
  const auto before = [this] { return checkpoint(); };
  if (*wanted) builder.record(row, before);
  if (to_remember) builder.remember(std::move(*to_remember), before);
  add_seen(xid);
  sweep_->after.clear();
  if (by_place_) {
    if (parted_) sweep_->after.push_back(copy_of(row[width + 2]));
    sweep_->after.push_back(copy_of(row[width + 1]));
  } else {
    for (const auto& key : plan_->selection.key) sweep_->after.push_back(copy_of(row[key.position]));
  }
  return {};
}

Result<bool> XidMethod::is_wanted(Row row, std::uint64_t xid, std::optional<KnownRow>& to_remember) {
  bool wanted = noted_ || everything_ || position_.is_newer(xid);
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
  std::optional<KnownRow> known;
  if (!fresh_ || by_place_) {
    auto found = known_.find(*key);
    if (!found) return std::unexpected(found.error());
    known = std::move(*found);
  }
  KnownRow now{
      .key = *key, .digest = digest(row, plan_->digested, plan_->typing), .mark = 0, .matched = row.back().text == "1"};
  if (known && known->digest == now.digest) return false;
  if (!known) ++known_rows_;
  wanted = wanted && now.matched && (!known ? plan_->wants_created() || first_ : plan_->wants_updated());
  to_remember = std::move(now);
  return wanted;
}

Result<void> XidMethod::answered(PageBuilder& builder) {
  switch (step_) {
    case Step::position:
      if (!sweep_) return fail(Recourse::retry, "the server gave no snapshot");
      step_ = Step::scan;
      return {};
    case Step::scan:
      step_ = !plan_->remembers ? Step::done : rows_ ? after_count() : Step::count;
      break;
    case Step::count:
      step_ = after_count();
      break;
    case Step::keys:
      if (auto done = gone_.finish(builder, [this] { return checkpoint(); }); !done) return done;
      step_ = Step::done;
      break;
    case Step::done:
      break;
  }
  if (step_ == Step::done) finish();
  return {};
}

PollSummary XidMethod::summary() const {
  return {.unfinished = false,
          .up_to_date = !resumed_ && !narrow_,
          .forget_below = {},
          .idle_token = token_,
          .notice = notice_};
}

void XidMethod::finish() {
  const auto most = plan_->remembers ? most_xids : std::numeric_limits<std::size_t>::max();
  narrow_ = sweep_->since.has_value();
  if (narrow_) {
    auto behind = narrowing_->position();
    behind.move_on(sweep_->horizon, std::move(sweep_->seen), most);
    narrowing_->polled(std::move(behind));
  } else {
    first_ = false;
    everything_ = false;
    noted_ = true;
    position_.move_on(sweep_->horizon, std::move(sweep_->seen), most);
    if (narrowing_) narrowing_->swept(position_, sweep_->began, ended_);
  }
  parts_ = std::move(sweep_->parts);
  sweep_.reset();
}

}  // namespace vhookd
