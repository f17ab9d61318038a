// Any table with a key: every row read in key order and merged with the known rows, so that created,
// changed and gone are told apart exactly. Costs one read of the table and 16 bytes and a key for each row.
//
// The scan and the known rows must come in the same order; a row out of order ends the poll with an error,
// since a disordered merge would report deletions that never were. A deletion is believed only after the key
// was looked up once more, outside the scan's view.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/ask.h"
#include "scheduler/harvest.h"

namespace vhookd {

class SnapshotPoll {
 public:
  static Result<SnapshotPoll> begin(const Plan& plan, const std::string& checkpoint, KnownRows known);

  std::optional<Ask> next();
  Result<void> row(Row row, Harvest& harvest);
  Result<void> answered(Harvest& harvest);
  std::string checkpoint() const;
  bool unfinished() const { return overflow_; }

 private:
  enum class Step { scan, look_up, done };

  SnapshotPoll(const Plan& plan, KnownRows known);
  Query scan() const;
  Query look_up() const;
  Result<const KnownRow*> next_known();
  Result<void> pass_known_before(const std::string* key, Harvest& harvest);
  Result<void> compare(Row row, Harvest& harvest);
  bool is_wanted(Row row, bool is_new, bool matched) const;
  void record_gone(const KnownRow& known, Harvest& harvest) const;

  const Plan* plan_;
  KnownRows known_;
  RecordWriter gone_writer_;  // a soft-deleted row: its key and fields
  Step step_ = Step::scan;
  bool first_ = true;
  std::deque<KnownRow> ahead_;  // known rows not reached yet
  std::string fetched_;         // key of the last known row fetched
  bool exhausted_ = false;
  std::string last_key_;
  std::vector<KnownRow> missing_;  // known, not in the table: candidates for deletion
  std::size_t looked_up_ = 0;
  std::vector<std::string> present_;  // keys the current look-up found
  bool overflow_ = false;
};

}  // namespace vhookd
