// PostgreSQL tables: what changed, told from the transaction that wrote each row (its xmin).
//
// Kept between polls: a horizon H (64-bit xid) and the set K of xids at or above it whose rows were
// delivered. In one REPEATABLE READ view: take the snapshot, read the rows with xmin >= H whose xmin is not
// in K; then H' is the snapshot's xmin and K' every xid >= H' seen now or in K. Below H' every transaction has
// ended, so nothing can appear there any more; a commit makes all rows of its xid visible at once, so an xid
// once seen is complete. No lag, no trust in any clock, SELECT alone.
//
// A poll cut short goes on by key: rows up to the last key were read under the first view, the rest under a
// later one. Only xids seen under the first are complete for the whole table; those first seen later stay
// out of K' and come again, once, rather than be missed.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scheduler/ask.h"
#include "scheduler/harvest.h"

namespace vhookd {

class XidPoll {
 public:
  static Result<XidPoll> begin(const Plan& plan, const std::string& checkpoint, KnownRows known);

  std::optional<Ask> next();
  Result<void> row(Row row, Harvest& harvest);
  Result<void> answered(Harvest& harvest);
  std::string checkpoint() const;
  const std::string& notice() const { return notice_; }

 private:
  enum class Step { position, scan, done };
  struct Sweep {
    std::uint64_t horizon = 0;     // H' to be
    std::set<std::uint64_t> seen;  // K' to be
    std::vector<Param> after;      // key of the last row handled; empty: none yet
  };

  XidPoll(const Plan& plan, KnownRows known) : plan_(&plan), known_(std::move(known)) {}
  Result<void> take_position(Row row);
  void start_over(bool behind);
  bool goes_by_place() const;
  Query scan() const;
  void add_newer_than(Sql& sql, std::uint64_t horizon) const;
  Result<bool> is_wanted(Row row, std::optional<KnownRow>& to_remember) const;
  std::vector<std::string> extras() const;
  std::uint64_t full_xid(std::string_view xmin) const;

  const Plan* plan_;
  KnownRows known_;
  Step step_ = Step::position;
  bool by_place_ = false;              // the sweep goes on by ctid, not by the key
  bool first_ = true;                  // no poll of this epoch was ever whole
  std::uint64_t horizon_ = 0;          // H
  std::set<std::uint64_t> delivered_;  // K
  std::optional<Sweep> sweep_;
  bool resumed_ = false;
  bool everything_ = false;  // H says nothing any more: compare all
  std::uint64_t snapshot_xmax_ = 0;
  std::string notice_;
};

}  // namespace vhookd
