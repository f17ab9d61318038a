// Tables with a column that moves on every change: rows at or above a bound, deduplicated.
//
// Kept between polls: the bound B and, as known rows, the key and digest of every row seen at or above it.
// Each poll reads all rows >= B, skips those known with the same digest, and moves B up to the newest time seen
// that the database's own clock has reached, less `lookback`. So ties, microseconds, rows stamped in the future,
// writers whose clock is behind and transactions that commit up to `lookback` late are all found, and nothing is
// sent twice. Rows whose column is NULL are read on their own each time and deduplicated for good.
//
// Where every row is to be read, it goes in the order of the key instead, NULLs among them: the table lies in that
// order, while by time the server would sort the whole of it or fetch row by row through an index. A row passed and
// then changed has a stamp that B stays below, so whichever the order, the next poll finds what a cut sweep has not.
//
// On MySQL and MariaDB a TIMESTAMP is mostly the time its statement began, and a role with PROCESS can see what
// is under way: there B stays below the oldest of that too, however long it lasts. What this does not show: a
// statement that waited more than a second before its transaction began (for a table's lock, say), in a
// transaction that stays open for longer than `lookback`.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/stamp.h"
#include "scheduler/detect/method.h"
#include "scheduler/payload/page_builder.h"

namespace vhookd {

inline constexpr std::chrono::milliseconds default_lookback = std::chrono::seconds(60);

class TimestampMethod final : public Method {
 public:
  static Result<TimestampMethod> begin(const Plan& plan, const std::string& checkpoint, KnownRows known);

  std::optional<Question> next() override;
  Result<void> row(Row row, PageBuilder& builder) override;
  Result<void> answered(PageBuilder& builder) override;
  std::string checkpoint() const override;
  bool continue_in_new_view() override;
  PollSummary summary() const override;

 private:
  enum class Step { position, newest, horizon, nulls, scan, done };

  TimestampMethod(const Plan& plan, KnownRows known);
  Result<void> take_position(Row row);
  void see(Instant at);
  ClockPosition position() const;
  Step after_position();
  Step first_scan();
  Scan nulls() const;
  Scan scan() const;
  std::optional<Instant> lower() const;
  std::optional<Instant> reach() const;
  Result<Instant> stamp_of(Row row);
  Result<bool> is_wanted(Row row, Instant at, bool known) const;
  bool matched(Row row) const;
  void passed(Row row);

  const Plan* plan_;
  KnownRows known_;
  std::chrono::milliseconds lookback_;
  Step step_ = Step::position;
  bool first_ = true;
  std::optional<Instant> bound_;   // B; none: everything is to be read
  std::optional<Instant> newest_;  // newest time seen that the clock has reached
  StampForm form_ = StampForm::unknown;
  bool resumed_ = false;
  Instant next_bound_;         // the clock when the sweep began: B' to be goes no further
  bool beyond_clock_ = false;  // the newest row of all is stamped in the future
  bool by_key_ = false;        // the order of the sweep: by key alone, or by time and key
  std::vector<Param> after_;   // of the last row handled: what the order is by
  // What is under way at the database, where the role may see it.
  std::optional<Instant> probed_;   // last looked for, by the database's clock
  bool hidden_ = false;             // the role may not
  std::optional<Instant> horizon_;  // it has stamped nothing before this; none: not looked for now, or hidden
  bool stale_ = false;              // what the database showed may be old
  bool still_ = false;              // not looked for now, though it could be seen: B stays
};

}  // namespace vhookd
