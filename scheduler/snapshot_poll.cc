#include "scheduler/snapshot_poll.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "scheduler/checkpoint.h"
#include "scheduler/digest.h"
#include "scheduler/key.h"
#include "scheduler/stamp.h"

namespace vhookd {

namespace {

constexpr int known_batch = 1000;
constexpr std::size_t look_up_batch = 100;
constexpr std::size_t missing_bound = 100'000;  // in one poll; more wait for the next, which follows at once

RecordWriter key_and_fields(const Plan& plan) {
  std::vector<std::string> names;
  std::vector<std::size_t> positions;
  for (const auto& key : plan.key) {
    if (std::ranges::find(plan.delivered, key.name) != plan.delivered.end()) continue;
    names.push_back(key.name);
    positions.push_back(key.position);
  }
  std::ranges::copy(plan.delivered, std::back_inserter(names));
  std::ranges::copy(plan.delivered_at, std::back_inserter(positions));
  return {names, positions};
}

}  // namespace

SnapshotPoll::SnapshotPoll(const Plan& plan, KnownRows known)
    : plan_(&plan), known_(std::move(known)), gone_writer_(key_and_fields(plan)) {}

Result<SnapshotPoll> SnapshotPoll::begin(const Plan& plan, const std::string& checkpoint, KnownRows known) {
  SnapshotPoll poll(plan, std::move(known));
  const auto state = read_checkpoint(checkpoint);
  if (!state) return std::unexpected(state.error());
  if (!state->is_null()) poll.first_ = state->value("first", false);
  return poll;
}

std::string SnapshotPoll::checkpoint() const {
  // The known rows are the position: a poll begun again finds what was handled unchanged.
  nlohmann::json state = {{"strategy", "snapshot"}};
  if (first_ && step_ == Step::scan) state["first"] = true;
  return state.dump();
}

std::optional<Ask> SnapshotPoll::next() {
  if (step_ == Step::scan) return Ask{.query = scan()};
  if (step_ == Step::look_up) return Ask{.query = look_up(), .fresh = true};
  return std::nullopt;
}

Query SnapshotPoll::scan() const {
  Sql sql = select_with_match(*plan_, {});
  const bool soft = plan_->webhook->event == config::Event::deleted && !plan_->gone.empty();
  if (soft) sql.text(" WHERE NOT (").text(plan_->gone).text(")");
  sql.text(" ORDER BY ").list(key_orders(*plan_), ", ");
  return sql.take();
}

Query SnapshotPoll::look_up() const {
  const auto gone = plan_->gone.empty() ? std::string("0") : "CASE WHEN " + plan_->gone + " THEN 1 ELSE 0 END";
  Sql sql = select_from(*plan_, {gone + " AS vhookd_gone"});
  sql.text(" WHERE ");
  const auto end = std::min(missing_.size(), looked_up_ + look_up_batch);
  for (auto i = looked_up_; i < end; ++i) {
    sql.text(i == looked_up_ ? "(" : " OR (");
    const auto values = read_key(missing_[i].key);
    for (std::size_t k = 0; k < values.size(); ++k)
      sql.bound((k == 0 ? "" : " AND ") + plan_->key[k].sql + " = ?", std::span(&values[k], 1));
    sql.text(")");
  }
  return sql.take();
}

Result<const KnownRow*> SnapshotPoll::next_known() {
  if (ahead_.empty() && !exhausted_) {
    auto batch = known_.after(fetched_, known_batch);
    if (!batch) return std::unexpected(batch.error());
    exhausted_ = batch->size() < static_cast<std::size_t>(known_batch);
    std::ranges::move(*batch, std::back_inserter(ahead_));
    if (!ahead_.empty()) fetched_ = ahead_.back().key;
  }
  return ahead_.empty() ? nullptr : &ahead_.front();
}

// Known rows the scan has passed without meeting them (all that are left, for a null key) are not there any more.
Result<void> SnapshotPoll::pass_known_before(const std::string* key, Harvest& harvest) {
  while (true) {
    const auto known = next_known();
    if (!known) return std::unexpected(known.error());
    if (*known == nullptr || (key != nullptr && (*known)->key >= *key)) return {};
    if (plan_->webhook->event != config::Event::deleted) {
      harvest.forget((*known)->key);
    } else if (missing_.size() < missing_bound) {
      missing_.push_back(std::move(ahead_.front()));
    } else {
      overflow_ = true;
    }
    ahead_.pop_front();
  }
}

bool SnapshotPoll::is_wanted(Row row, bool is_new, bool matched) const {
  if (!matched || plan_->webhook->event == config::Event::deleted) return false;
  if (first_ && is_new) {
    if (!plan_->webhook->checked_at) return plan_->webhook->include_all;
    const auto stamp = read_stamp(row[plan_->stamp_at]);
    return stamp && stamp->at >= *plan_->webhook->checked_at;
  }
  return is_new ? plan_->wants_created() : plan_->wants_updated();
}

Result<void> SnapshotPoll::compare(Row row, Harvest& harvest) {
  auto key = key_of(*plan_, row);
  if (!key) return std::unexpected(key.error());
  if (!last_key_.empty() && *key <= last_key_)
    return fail(Recourse::ask_operator, plan_->webhook->id +
                                            ": two rows have the same key, or come in an order that can't be compared; "
                                            "name columns under key that are unique together");
  last_key_ = *key;
  if (auto passed = pass_known_before(&*key, harvest); !passed) return passed;
  const auto known = next_known();
  if (!known) return std::unexpected(known.error());
  const bool is_new = *known == nullptr || (*known)->key != *key;
  KnownRow now{
      .key = std::move(*key), .digest = digest(row, plan_->digested), .mark = 0, .matched = row.back().text == "1"};
  const bool same = !is_new && (*known)->digest == now.digest;
  const bool same_match = !is_new && (*known)->matched == now.matched;
  if (!is_new) ahead_.pop_front();
  const auto before = [this] { return checkpoint(); };
  if (!same && is_wanted(row, is_new, now.matched)) harvest.record(row, before);
  if (!same || !same_match) harvest.remember(std::move(now), before);
  return {};
}

Result<void> SnapshotPoll::row(Row row, Harvest& harvest) {
  if (step_ == Step::scan) return compare(row, harvest);
  auto key = key_of(*plan_, row);
  if (!key) return std::unexpected(key.error());
  if (row.back().text != "1") {
    present_.push_back(std::move(*key));
    return {};
  }
  // Soft-deleted: the row is still there to be sent whole.
  const auto asked =
      std::span(missing_).subspan(looked_up_).first(std::min(look_up_batch, missing_.size() - looked_up_));
  const auto at = std::ranges::find(asked, *key, &KnownRow::key);
  if (at == asked.end()) return {};
  if (at->matched) harvest.record(gone_writer_, row, [this] { return checkpoint(); });
  harvest.forget(*key);
  present_.push_back(std::move(*key));
  return {};
}

void SnapshotPoll::record_gone(const KnownRow& known, Harvest& harvest) const {
  const auto params = read_key(known.key);
  std::vector<std::string> names;
  std::vector<std::size_t> positions;
  std::vector<Value> values;
  for (std::size_t i = 0; i < params.size(); ++i) {
    const Column* column = plan_->table->find(plan_->key[i].name);
    names.push_back(plan_->key[i].name);
    positions.push_back(i);
    // SQLite keeps bytes in a column of any type.
    const bool as_kept = column == nullptr || params[i].kind == Kind::binary;
    Value value{.kind = as_kept ? params[i].kind : column->kind, .text = params[i].text};
    if (value.kind == Kind::hex) value.text.remove_prefix(2);  // the key carries PostgreSQL's \x
    values.push_back(value);
  }
  harvest.record(RecordWriter(names, positions), values, [this] { return checkpoint(); });
}

Result<void> SnapshotPoll::answered(Harvest& harvest) {
  if (step_ == Step::scan) {
    if (auto passed = pass_known_before(nullptr, harvest); !passed) return passed;
    first_ = false;
    step_ = missing_.empty() ? Step::done : Step::look_up;
    return {};
  }
  const auto end = std::min(missing_.size(), looked_up_ + look_up_batch);
  for (; looked_up_ < end; ++looked_up_) {
    const auto& known = missing_[looked_up_];
    if (std::ranges::find(present_, known.key) != present_.end()) continue;
    if (known.matched) record_gone(known, harvest);
    harvest.forget(known.key);
  }
  present_.clear();
  if (looked_up_ == missing_.size()) step_ = Step::done;
  return {};
}

}  // namespace vhookd
