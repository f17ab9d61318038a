// Polls of a large PostgreSQL table between two full sweeps: each reads a range of an indexed time column alone.
//
// A sweep by xid (scheduler/detect/xid/xid_method.h) is one scan of the table. A narrow poll reads the rows stamped at
// or after a bound and, of these, those newer than a position of its own. It moves nothing that the sweeps go by, so
// they stay exact as they are: what a narrow poll passed over comes with the next one, late, and what it sent is told
// by its digest and not sent again.
//
// The bound. Every transaction that could still commit at the last poll has an xid at or above the horizon H of then,
// or none yet. A mark is a time and the xid the server was to give out next at that time: who has that one or a
// later one got it afterwards. So where a mark's xid is not above H, all of those got theirs after its time, and what
// they stamp from then on is later. Taken off is `lookback`, for stamps older than the xid: now() is when the
// transaction began, before its first write, and a client's clock may be behind. Two marks do, however long a
// transaction stays open: the newest that H has passed, and one to come after it.
//
// A timestamp without time zone may be of any. So a mark's time there is that of the newest row, as far as that is not
// ahead of UTC nor more than 12 hours behind it.
//
// How often a full sweep is due hangs on what the last one took: a hundred times as long is left between them, so that
// they take about a hundredth of one backend; at least a minute, at most an hour. Where the server's clock was set
// back, one is due at once. All times are the server's. Pure.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/error.h"
#include "core/value.h"
#include "scheduler/detect/plan.h"
#include "scheduler/detect/xid/xid_position.h"

namespace vhookd {

inline constexpr std::chrono::minutes least_between_sweeps(1);
inline constexpr std::chrono::minutes most_between_sweeps(60);
inline constexpr int sweeps_apart = 100;  // times what one took

// When full sweeps come, in words.
std::string between_sweeps_text();

// The checkpoint of a poll at a time when nothing was open, so that the next one can be narrow: for explain.
std::string as_if_quiet(const std::string& checkpoint);

class XidNarrowing {
 public:
  // `state`: the whole checkpoint, or null. What was kept of another column is left aside.
  XidNarrowing(const Plan& plan, const nlohmann::json& state);
  void write(nlohmann::json& state) const;

  // What it needs to know of the server when a view begins: what ChangePosition adds for it, and the answer.
  bool asks_for_newest() const { return !is_utc(); }
  Result<void> take_position(Row answer, std::uint64_t snapshot_xmax);
  // From here on REQUIRES: that was taken.

  bool sweep_is_due() const;
  Param bound() const;  // REQUIRES: no sweep is due
  Instant now() const { return now_; }
  const XidPosition& position() const { return position_; }

  // A narrow poll, or a sweep that began at `at`, is whole; `position`: what is behind it.
  void polled(XidPosition position);
  void swept(XidPosition position, Instant at, std::string_view ended);
  void start_over();  // xids mean nothing any more

 private:
  struct Mark {
    std::uint64_t xid = 0;  // not given out yet …
    Instant at;             // … at this time
  };

  bool is_utc() const;
  void pass_marks();
  Micros between_sweeps() const;

  const Plan* plan_;
  XidPosition position_;
  std::optional<Mark> passed_;        // by the horizon
  std::optional<Mark> next_;          // may be passed already
  std::optional<Instant> polled_at_;  // the last poll, narrow or not
  std::optional<Instant> swept_at_;   // the last full sweep began
  Micros sweep_took_{0};
  Mark mark_;  // of this poll
  Instant now_;
  std::optional<Instant> began_;  // this poll, or the part of a sweep that it goes on with
};

}  // namespace vhookd
