#include "scheduler/detect/snapshot/snapshot_method.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "core/key.h"
#include "core/stamp.h"
#include "scheduler/detect/checkpoint.h"
#include "scheduler/detect/digest.h"
#include "scheduler/detect/row_key.h"

namespace vhookd {

namespace {

constexpr int known_batch = 1000;
constexpr std::size_t look_up_batch = 100;
constexpr std::size_t missing_bound = 100'000;  // in one poll; more wait for the next, which follows at once

RecordWriter key_and_fields(const Plan& plan) {
  std::vector<std::string> names;
  std::vector<std::size_t> positions;
  for (const auto& key : plan.selection.key) {
    if (std::ranges::find(plan.delivered, key.name) != plan.delivered.end()) continue;
    names.push_back(key.name);
    positions.push_back(key.position);
  }
  std::ranges::copy(plan.delivered, std::back_inserter(names));
  std::ranges::copy(plan.delivered_at, std::back_inserter(positions));
  return {names, positions};
}

// The whole table is one range in doubt until a poll has cut it.
std::vector<KnownRange> from_the_start(std::vector<KnownRange> ranges) {
  if (ranges.empty() || !ranges.front().first.empty()) ranges.insert(ranges.begin(), KnownRange());
  return ranges;
}

std::int64_t integer(std::string_view text) {
  std::int64_t value = -1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

SnapshotMethod::SnapshotMethod(const Plan& plan, KnownRows known, std::vector<KnownRange> ranges)
    : plan_(&plan),
      known_(std::move(known)),
      gone_writer_(key_and_fields(plan)),
      by_ranges_(why_no_range_hashes(plan).empty()),
      stale_ranges_(!by_ranges_ && !ranges.empty()),
      walk_(from_the_start(by_ranges_ ? std::move(ranges) : std::vector<KnownRange>()), range_rows(plan)) {
  for (const auto& range : walk_.known()) differs_.push_back(range.fingerprint.empty());
  rows_now_.resize(differs_.size());
  choose_next();
}

Result<SnapshotMethod> SnapshotMethod::begin(const Plan& plan, const std::string& checkpoint, KnownRows known) {
  auto ranges = known.ranges();
  if (!ranges) return std::unexpected(ranges.error());
  SnapshotMethod poll(plan, std::move(known), std::move(*ranges));
  const auto state = read_checkpoint(checkpoint);
  if (!state) return std::unexpected(state.error());
  if (!state->is_null()) poll.first_ = state->value("first", false);
  return poll;
}

std::string SnapshotMethod::checkpoint() const {
  // The known rows are the position: a poll begun again finds what was handled unchanged.
  nlohmann::json state = {{"strategy", "snapshot"}};
  if (first_ && (step_ == Step::compare || step_ == Step::scan)) state["first"] = true;
  return state.dump();
}

PollSummary SnapshotMethod::summary() const {
  return {.unfinished = overflow_, .up_to_date = !overflow_, .forget_below = {}, .idle_token = {}, .notice = {}};
}

std::optional<Question> SnapshotMethod::next() {
  if (step_ == Step::compare) return range_hashes();
  if (step_ == Step::scan) return scan();
  if (step_ == Step::look_up) return look_up();
  return std::nullopt;
}

// -- Which ranges differ

void SnapshotMethod::choose_next() {
  const auto& known = walk_.known();
  const auto in_doubt = [&](std::size_t i) { return known[i].fingerprint.empty(); };
  compared_.begin = compared_.end;
  while (compared_.begin < known.size() && in_doubt(compared_.begin)) ++compared_.begin;
  compared_.end = compared_.begin;
  const auto most = compared_.begin + (by_ranges_ ? ranges_at_once(*plan_) : 1);
  while (compared_.end < std::min(most, known.size()) && !in_doubt(compared_.end)) ++compared_.end;
  // A range without rows is not in the answer.
  for (auto i = compared_.begin; i < compared_.end; ++i) differs_[i] = known[i].rows != 0;
  if (compared_.begin == known.size()) plan_reading();
}

RangeHashes SnapshotMethod::range_hashes() const {
  RangeHashes asked{.of = &plan_->selection, .starts = {}, .end = walk_.end_of(compared_.end - 1)};
  asked.starts.reserve(compared_.end - compared_.begin);
  for (auto i = compared_.begin; i < compared_.end; ++i) asked.starts.push_back(walk_.known()[i].first);
  return asked;
}

void SnapshotMethod::take_range_hash(Row row) {
  const auto at = compared_.begin + static_cast<std::size_t>(integer(row[0].text));
  if (row[0].null || at >= compared_.end) return;
  const auto& known = walk_.known()[at];
  rows_now_[at] = integer(row[1].text);
  differs_[at] = rows_now_[at] != known.rows || row[2].null || row[2].text != known.fingerprint;
}

void SnapshotMethod::plan_reading() {
  // A small one beside a range that is read anyway is joined to it.
  for (auto i = differs_.size(); i-- > 1;)
    if (differs_[i] && !differs_[i - 1] && walk_.is_small(rows_now_[i - 1])) differs_[i - 1] = true;
  for (std::size_t i = 0; i < differs_.size(); ++i) {
    if (!differs_[i]) continue;
    if (to_read_.empty() || to_read_.back().end != i) to_read_.push_back({i, i});
    to_read_.back().end = i + 1;
  }
  choose_spans();
}

// The next of those to be read; none left: what is missing is looked up.
void SnapshotMethod::choose_spans() {
  asked_begin_ = reading_ = asked_end_;
  asked_end_ = std::min(to_read_.size(), asked_begin_ + (by_ranges_ ? range_rows_at_once(*plan_) : 1));
  step_ = Step::scan;
  if (asked_begin_ < to_read_.size()) return;
  first_ = false;
  step_ = missing_.empty() ? Step::done : Step::look_up;
}

// -- Reading those

Question SnapshotMethod::scan() const {
  if (by_ranges_) {
    RangeRows rows{.of = &plan_->selection, .ranges = {}};
    for (auto i = asked_begin_; i < asked_end_; ++i)
      rows.ranges.push_back({walk_.known()[to_read_[i].begin].first, walk_.end_of(to_read_[i].end - 1)});
    return rows;
  }
  return Scan{.of = &plan_->selection,
              .match_column = true,
              .order = Scan::Order::by_key_bytes,
              .after = {},
              .from = {},
              .without_gone = plan_->webhook->event == config::Event::deleted};
}

std::unexpected<Error> SnapshotMethod::disordered() const {
  return fail(Recourse::ask_operator, plan_->webhook->id +
                                          ": two rows have the same key, or come in an order that can't be compared; "
                                          "name columns under key that are unique together");
}

Result<void> SnapshotMethod::enter_span() {
  const Span& span = to_read_[reading_];
  const std::string& first = walk_.known()[span.begin].first;
  walk_.enter(span.begin, span.end);
  in_span_ = true;
  while (!ahead_.empty() && ahead_.front().key < first) ahead_.pop_front();
  if (!ahead_.empty() || exhausted_ || first.empty()) return {};
  auto known = known_.find(first);
  if (!known) return std::unexpected(known.error());
  if (*known) ahead_.push_back(std::move(**known));
  fetched_ = first;
  return {};
}

Result<void> SnapshotMethod::leave_span(PageBuilder& builder) {
  while (const auto border = walk_.border(nullptr))
    if (auto passed = pass_border(*border, builder); !passed) return passed;
  const auto end = walk_.end_of(to_read_[reading_].end - 1);
  if (auto passed = pass_known_before(end.empty() ? nullptr : &end, builder); !passed) return passed;
  end_range(walk_.leave(builder), builder);
  in_span_ = false;
  ++reading_;
  return {};
}

Result<void> SnapshotMethod::pass_border(const std::string& border, PageBuilder& builder) {
  if (auto passed = pass_known_before(&border, builder); !passed) return passed;
  if (auto ended = walk_.pass(border, builder)) end_range(std::move(*ended), builder);
  return {};
}

// All rows of the range were read and merged; the fingerprint they give is stored once the known rows are the same.
void SnapshotMethod::end_range(KnownRange range, PageBuilder& builder) {
  if (!by_ranges_) return;
  const bool waits = missing_.size() > missing_before_;
  missing_before_ = missing_.size();
  const bool incomplete = std::exchange(overflowed_, false);
  if (!waits && !incomplete) return builder.remember_range(std::move(range));
  builder.remember_range({.first = range.first, .rows = 0, .fingerprint = {}});
  if (incomplete) range.fingerprint.clear();
  if (waits) pending_.push_back({missing_.size(), std::move(range)});
}

Result<const KnownRow*> SnapshotMethod::next_known() {
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
Result<void> SnapshotMethod::pass_known_before(const std::string* key, PageBuilder& builder) {
  while (true) {
    const auto known = next_known();
    if (!known) return std::unexpected(known.error());
    if (*known == nullptr || (key != nullptr && (*known)->key >= *key)) return {};
    if (plan_->webhook->event != config::Event::deleted) {
      if (by_ranges_) walk_.touch(builder);
      builder.forget((*known)->key);
    } else if (missing_.size() < missing_bound) {
      missing_.push_back(std::move(ahead_.front()));
    } else {
      overflow_ = overflowed_ = true;
    }
    ahead_.pop_front();
  }
}

bool SnapshotMethod::is_wanted(Row row, bool is_new, bool matched) const {
  if (!matched || plan_->webhook->event == config::Event::deleted) return false;
  if (first_ && is_new) {
    if (!plan_->webhook->checked_at) return plan_->webhook->include_all;
    const auto stamp = read_stamp(row[plan_->stamp_at]);
    return stamp && stamp->at >= *plan_->webhook->checked_at;
  }
  return is_new ? plan_->wants_created() : plan_->wants_updated();
}

Result<void> SnapshotMethod::read_row(Row row, PageBuilder& builder) {
  auto key = key_of(*plan_, row);
  if (!key) return std::unexpected(key.error());
  if (!last_key_.empty() && *key <= last_key_) return disordered();
  last_key_ = *key;
  while (true) {
    if (reading_ == asked_end_) return disordered();
    if (!in_span_)
      if (auto entered = enter_span(); !entered) return entered;
    const auto end = walk_.end_of(to_read_[reading_].end - 1);
    if (end.empty() || *key < end) break;
    if (auto left = leave_span(builder); !left) return left;
  }
  if (*key < walk_.known()[to_read_[reading_].begin].first) return disordered();
  while (const auto border = walk_.border(&*key))
    if (auto passed = pass_border(*border, builder); !passed) return passed;
  if (auto passed = pass_known_before(&*key, builder); !passed) return passed;
  if (by_ranges_) walk_.add(row.back().null ? std::string_view() : row.back().text);
  return merge(row, std::move(*key), builder);
}

Result<void> SnapshotMethod::merge(Row row, std::string key, PageBuilder& builder) {
  const auto known = next_known();
  if (!known) return std::unexpected(known.error());
  const bool is_new = *known == nullptr || (*known)->key != key;
  const Value& match = row[row.size() - (by_ranges_ ? 2 : 1)];
  KnownRow now{.key = std::move(key),
               .digest = digest(row, plan_->digested, plan_->typing),
               .mark = 0,
               .matched = match.text == "1"};
  // Who waits for deletions alone need not follow what becomes of a row until then.
  const bool content = plan_->webhook->event != config::Event::deleted;
  const bool same = !is_new && (!content || (*known)->digest == now.digest);
  const bool same_match = !is_new && (*known)->matched == now.matched;
  if (!is_new) ahead_.pop_front();
  if (same && same_match) return {};
  if (by_ranges_) walk_.touch(builder);
  const auto before = [this] { return checkpoint(); };
  if (!same && is_wanted(row, is_new, now.matched)) builder.record(row, before);
  builder.remember(std::move(now), before);
  return {};
}

Result<void> SnapshotMethod::row(Row row, PageBuilder& builder) {
  switch (step_) {
    case Step::compare:
      take_range_hash(row);
      return {};
    case Step::scan:
      if (std::exchange(stale_ranges_, false)) builder.forget_ranges();
      return read_row(row, builder);
    case Step::look_up:
    case Step::done:
      break;
  }
  return found_again(row, builder);
}

Result<void> SnapshotMethod::answered(PageBuilder& builder) {
  if (step_ == Step::compare) {
    choose_next();
  } else if (step_ == Step::scan) {
    if (std::exchange(stale_ranges_, false)) builder.forget_ranges();
    while (reading_ < asked_end_) {
      if (!in_span_)
        if (auto entered = enter_span(); !entered) return entered;
      if (auto left = leave_span(builder); !left) return left;
    }
    choose_spans();
  } else {
    looked_up(builder);
  }
  return {};
}

// -- Is it really gone

Lookup SnapshotMethod::look_up() const {
  Lookup asked{.of = &plan_->selection, .keys = {}};
  const auto end = std::min(missing_.size(), looked_up_ + look_up_batch);
  for (auto i = looked_up_; i < end; ++i) asked.keys.push_back(missing_[i].key);
  return asked;
}

Result<void> SnapshotMethod::found_again(Row row, PageBuilder& builder) {
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
  if (at->matched) builder.record(gone_writer_, row, [this] { return checkpoint(); });
  builder.forget(*key);
  told_.push_back(std::move(*key));
  return {};
}

void SnapshotMethod::looked_up(PageBuilder& builder) {
  const auto end = std::min(missing_.size(), looked_up_ + look_up_batch);
  for (; looked_up_ < end; ++looked_up_) {
    const auto& known = missing_[looked_up_];
    if (std::ranges::find(told_, known.key) != told_.end()) continue;
    if (std::ranges::find(present_, known.key) != present_.end()) {
      // It stays known, though the scan did not see it: the range is read again.
      const auto range = std::ranges::upper_bound(pending_, looked_up_, {}, &Pending::missing_end);
      if (range != pending_.end()) range->range.fingerprint.clear();
      continue;
    }
    if (known.matched) record_gone(known, builder);
    builder.forget(known.key);
  }
  present_.clear();
  told_.clear();
  while (!pending_.empty() && pending_.front().missing_end <= looked_up_) {
    if (!pending_.front().range.fingerprint.empty()) builder.remember_range(std::move(pending_.front().range));
    pending_.pop_front();
  }
  if (looked_up_ == missing_.size()) step_ = Step::done;
}

void SnapshotMethod::record_gone(const KnownRow& known, PageBuilder& builder) const {
  const auto params = read_key(known.key);
  std::vector<std::string> names;
  std::vector<std::size_t> positions;
  std::vector<Value> values;
  for (std::size_t i = 0; i < params.size(); ++i) {
    const Column* column = plan_->table->find(plan_->selection.key[i].name);
    names.push_back(plan_->selection.key[i].name);
    positions.push_back(i);
    // SQLite keeps bytes in a column of any type.
    const bool as_kept = column == nullptr || params[i].kind == Kind::binary;
    Value value{.kind = as_kept ? params[i].kind : column->kind, .text = params[i].text};
    // The key carries PostgreSQL's \x, but for one that was noted while its column was a text.
    if (value.kind == Kind::hex && !value.text.starts_with("\\x")) value.kind = params[i].kind;
    if (value.kind == Kind::hex) value.text.remove_prefix(2);
    values.push_back(value);
  }
  builder.record(RecordWriter(names, positions), values, [this] { return checkpoint(); });
}

}  // namespace vhookd
