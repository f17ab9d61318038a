// Any table with a key: its rows in key order are merged with the known rows, so that created, changed and gone
// are told apart exactly. First the database says count and hash of each range of the key, and only those
// that differ from what is stored are read (scheduler/detect/snapshot/range_hashes.h); where it can't, the whole
// table is. Costs 16 bytes and a key for each row in the state.
//
// The scan and the known rows must come in the same order; a row out of order ends the poll with an error,
// since a disordered merge would report deletions that never were. A deletion is believed only after the key
// was looked up once more, outside the scan's view.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/detect/method.h"
#include "scheduler/detect/snapshot/range_hashes.h"
#include "scheduler/detect/snapshot/range_walk.h"
#include "scheduler/payload/page_builder.h"

namespace vhookd {

class SnapshotMethod final : public Method {
 public:
  static Result<SnapshotMethod> begin(const Plan& plan, const std::string& checkpoint, KnownRows known);

  std::optional<Question> next() override;
  Result<void> row(Row row, PageBuilder& builder) override;
  Result<void> answered(PageBuilder& builder) override;
  std::string checkpoint() const override;
  PollSummary summary() const override;

 private:
  enum class Step { compare, scan, look_up, done };
  // Known ranges side by side, by index, that are compared or read as one.
  struct Span {
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  // A range in doubt until the rows missing in it, up to `missing_end`, were looked up and forgotten.
  struct Pending {
    std::size_t missing_end = 0;
    KnownRange range;
  };

  SnapshotMethod(const Plan& plan, KnownRows known, std::vector<KnownRange> ranges);

  // compare
  void choose_next();  // ranges to be compared; none left: what is to be read
  void plan_reading();
  void choose_spans();
  RangeHashes range_hashes() const;
  void take_range_hash(Row row);

  // scan
  Question scan() const;
  Result<void> read_row(Row row, PageBuilder& builder);
  Result<void> merge(Row row, std::string key, PageBuilder& builder);
  Result<void> enter_span();
  Result<void> leave_span(PageBuilder& builder);
  Result<void> pass_border(const std::string& border, PageBuilder& builder);
  void end_range(KnownRange range, PageBuilder& builder);
  std::unexpected<Error> disordered() const;
  Result<const KnownRow*> next_known();
  Result<void> pass_known_before(const std::string* key, PageBuilder& builder);
  bool is_wanted(Row row, bool is_new, bool matched) const;

  // look_up
  Lookup look_up() const;
  Result<void> found_again(Row row, PageBuilder& builder);
  void looked_up(PageBuilder& builder);
  void record_gone(const KnownRow& known, PageBuilder& builder) const;

  const Plan* plan_;
  KnownRows known_;
  RecordWriter gone_writer_;  // a soft-deleted row: its key and fields
  bool by_ranges_;            // false: one range, read whole at each poll, its hash not known
  bool stale_ranges_;         // ranges are stored that this poll won't keep
  Step step_ = Step::compare;
  bool first_ = true;

  RangeWalk walk_;
  std::vector<bool> differs_;           // of walk_.known()
  std::vector<std::int64_t> rows_now_;  // of those compared
  Span compared_;                       // in the current question
  std::vector<Span> to_read_;           // to be read
  std::size_t reading_ = 0;             // the one being read
  std::size_t asked_begin_ = 0;         // of the current question
  std::size_t asked_end_ = 0;
  bool in_span_ = false;

  std::deque<KnownRow> ahead_;  // known rows not reached yet
  std::string fetched_;         // key of the last known row fetched
  bool exhausted_ = false;
  std::string last_key_;
  std::vector<KnownRow> missing_;   // known, not in the table: candidates for deletion
  std::size_t missing_before_ = 0;  // of them, before the range being made
  bool overflowed_ = false;         // one missing in that range was left out
  std::deque<Pending> pending_;
  std::size_t looked_up_ = 0;
  std::vector<std::string> present_;  // keys the current look-up found
  std::vector<std::string> told_;     // and those it found softly deleted
  bool overflow_ = false;
};

}  // namespace vhookd
