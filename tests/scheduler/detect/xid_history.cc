#include "tests/scheduler/detect/xid_history.h"

#include <algorithm>
#include <utility>

#include "scheduler/detect/checkpoint.h"

namespace vhookd::testing {

using config::Event;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

constexpr std::uint64_t near_wrap = (std::uint64_t{1} << 32) - 40;
constexpr seconds history_lookback(5);

bool is(const std::map<std::int64_t, std::int64_t>& versions, std::int64_t id, std::int64_t version) {
  const auto at = versions.find(id);
  return at != versions.end() && at->second == version;
}

}  // namespace

XidHistory::XidHistory(unsigned seed, const HistorySetup& setup)
    : setup_(setup),
      every_poll_sees_all_(!setup.dies && !setup.short_views && !setup.clock_jumps && setup.event == Event::updated &&
                           setup.include_created),
      random_(seed),
      database_(seed % 3 == 0 ? near_wrap : 1000 + seed),
      conductor_(webhook(setup), setup.large ? large_model_table(setup.hours_behind == 0) : model_table(setup.with_key),
                 1 + static_cast<int>(seed % 4)) {
  database_.with_zone = setup.hours_behind == 0;
}

std::vector<std::string> XidHistory::run() {
  for (int i = 0; i < 12; ++i) write_somewhere();
  for (int i = 0; i < 150; ++i) {
    const int what = below(100);
    if (setup_.large) pass_time();
    if (what < 85) {
      write_somewhere();
    } else {
      poll();
    }
    if (!complaints_.empty()) return complaints_;
  }
  while (!database_.open().empty()) database_.commit(database_.open().front());
  const auto died = setup_.dies;
  setup_.dies = false;
  setup_.short_views = false;
  conductor_.rows_a_view = 0;
  for (int i = 0; i < 3; ++i) {
    database_.clock += hours(2);  // a full sweep is due
    poll();
  }
  setup_.dies = died;
  judge();
  return complaints_;
}

config::Webhook XidHistory::webhook(const HistorySetup& setup) {
  auto made = a_webhook(DbType::postgres, setup.event);
  made.include_all = setup.include_all;
  made.include_created = setup.include_created;
  made.lookback = history_lookback;
  if (setup.filtered)
    made.filters = {{.column = "flag", .op = config::Op::eq, .values = {{Kind::integer, false, "1"}}}};
  return made;
}

void XidHistory::pass_time() {
  database_.clock += std::chrono::milliseconds(below(8000));
  if (setup_.clock_jumps && below(40) == 0) database_.clock += hours(below(2) == 0 ? 1 : -1);
}

void XidHistory::write_somewhere() {
  auto open = database_.open();
  const int what = below(20);
  if (open.empty() || (what == 0 && open.size() < 5)) {
    database_.begin();
    open = database_.open();
  }
  const int handle = open[static_cast<std::size_t>(below(static_cast<int>(open.size())))];
  if (what < 12) {
    const std::int64_t id = 1 + below(25);
    if (below(8) == 0) {
      database_.write(handle, id, std::nullopt);
    } else if (setup_.with_key && !setup_.plain_cursor && below(4) == 0 && database_.rows().contains(id)) {
      database_.write(handle, id, database_.rows().at(id));  // nothing changes but its xmin
    } else {
      write_new(handle, id);
    }
  } else if (what == 12) {
    database_.savepoint(handle);
  } else if (what == 13 && database_.has_savepoint(handle)) {
    database_.rollback_to_savepoint(handle);
  } else if (what == 14 && database_.has_savepoint(handle)) {
    database_.release(handle);
  } else if (what == 15) {
    database_.rollback(handle);
  } else if (what == 16) {
    database_.burn(static_cast<std::uint64_t>(below(3)));
  } else if (open.front() != handle || below(6) == 0) {
    database_.commit(handle);  // the oldest lives long, as a forgotten session does
  }
}

void XidHistory::write_new(int transaction, std::int64_t id) {
  ModelRow row{.version = ++version_, .flag = below(2)};
  if (!setup_.large) {
    database_.write(transaction, id, row);
    return;
  }
  const int way = below(10);
  const Instant at = way < 3 ? database_.began(transaction) : database_.clock;  // now() or clock_timestamp()
  row.updated_at = database_.text(at - hours(setup_.hours_behind));
  const bool odd = setup_.odd_stamps && way > 7;
  if (odd) row.updated_at = odd_stamp(id);
  if (database_.write(transaction, id, row) && !odd && at + history_lookback >= database_.assigned(transaction))
    prompt_.insert(row.version);
}

std::string XidHistory::odd_stamp(std::int64_t id) {
  const int way = below(4);
  if (way == 0) return {};
  if (way == 1 && database_.rows().contains(id)) return database_.rows().at(id).updated_at;  // left as it is
  return database_.text(database_.clock + hours(48 * (way == 2 ? 1 : -1)));
}

void XidHistory::poll() {
  Death death;
  if (setup_.dies && below(2) == 0) (below(2) == 0 ? death.rows : death.parts) = 1 + below(8);
  if (!std::exchange(begun_, true))
    for (const auto& [id, row] : database_.rows()) first_view_[id] = row.version;
  auto source = database_.source();
  if (setup_.short_views) {
    conductor_.rows_a_view = 1 + below(4);
    source.begin = [this, begin = source.begin] {
      for (int i = 0; i < 4; ++i) write_somewhere();
      begin();
    };
    if (!setup_.with_key) ++cuts_;
  }
  if (setup_.never_sweeps) bend_checkpoint("swept", database_.clock.time_since_epoch().count());
  const auto went = conductor_.poll(source, death);
  if (went == Went::wrong) complaints_.push_back(conductor_.error);
  if (went != Went::whole) {
    ++cuts_;
    return;
  }
  if (!std::exchange(whole_, true))
    for (const auto& [id, row] : database_.rows()) last_of_first_[id] = row.version;
  for (const auto& [id, row] : database_.rows()) births_when_whole_.try_emplace(id, database_.births(id));
  if (setup_.plain_cursor) forget_the_horizon();
  if (setup_.large) judge_promptness();
}

// What was stamped in time comes with the very next poll, narrow or not.
void XidHistory::judge_promptness() {
  if (conductor_.was_narrow()) ++narrow_polls_;
  if (setup_.wrong_horizon) bend_checkpoint("passed", {1, database_.clock.time_since_epoch().count()});
  if (!every_poll_sees_all_) return;
  for (const auto& [id, row] : database_.view()) {
    if (!prompt_.contains(row.version) || is(first_view_, id, row.version) || (setup_.filtered && row.flag != 1))
      continue;
    const auto versions = given(id);
    expect(!versions.empty() && versions.back() == row.version, id, "did not come with the next poll");
  }
}

void XidHistory::bend_checkpoint(const char* member, const nlohmann::json& value) {
  if (conductor_.checkpoint.empty()) return;
  auto state = nlohmann::json::parse(conductor_.checkpoint);
  if (state.contains("narrow")) state["narrow"][member] = value;
  conductor_.checkpoint = state.dump();
}

// What a cursor on the newest xid seen would keep: nothing of those still under way.
void XidHistory::forget_the_horizon() {
  auto state = nlohmann::json::parse(conductor_.checkpoint);
  std::uint64_t newest = std::max<std::uint64_t>(cursor_, state.at("horizon"));
  for (const auto xid : read_xids(state.at("delivered"))) newest = std::max(newest, xid + 1);
  state["horizon"] = cursor_ = newest;
  state["delivered"] = nlohmann::json::array();
  conductor_.checkpoint = state.dump();
}

std::vector<std::int64_t> XidHistory::given(std::int64_t id) const {
  std::vector<std::int64_t> versions;
  for (const auto& one : conductor_.with("id", id)) versions.push_back(one.record.at("version"));
  return versions;
}

void XidHistory::expect(bool holds, std::int64_t id, const std::string& what) {
  if (!holds) complaints_.push_back("row " + std::to_string(id) + ": " + what);
}

void XidHistory::judge() {
  for (const auto& [id, row] : database_.rows()) {
    if (setup_.filtered && row.flag != 1) continue;
    const auto versions = given(id);
    const bool up_to_date = !versions.empty() && versions.back() == row.version;
    const bool changed_since = !is(last_of_first_, id, row.version);
    if (setup_.event == Event::created) {
      judge_created(id, versions);
    } else if (!setup_.include_created) {
      const bool same_row = last_of_first_.contains(id) && database_.births(id) == births_when_whole_.at(id);
      expect(!changed_since || !same_row || up_to_date, id, "a change was missed");
    } else {
      expect(!(setup_.include_all || changed_since) || up_to_date, id, "its latest version was missed");
      expect(setup_.include_all || !is(first_view_, id, row.version) || versions.empty(), id, "was there before");
    }
  }
  judge_duplicates();
}

void XidHistory::judge_created(std::int64_t id, const std::vector<std::int64_t>& versions) {
  const bool born_again = database_.births(id) > 1;
  expect(static_cast<int>(versions.size()) <= database_.births(id), id, "was told more often than it was born");
  const bool must = setup_.include_all || !last_of_first_.contains(id);
  expect(setup_.filtered || !must || !versions.empty(), id, "its birth was missed");
  const bool may = setup_.include_all || born_again || !first_view_.contains(id) || !last_of_first_.contains(id);
  expect(may || versions.empty(), id, "was there before");
}

void XidHistory::judge_duplicates() {
  if (cuts_ > 0) return;
  std::set<std::int64_t> seen;
  for (const auto& one : conductor_.received)
    expect(seen.insert(one.record.at("version").get<std::int64_t>()).second, one.record.at("id"), "came twice");
}

}  // namespace vhookd::testing
