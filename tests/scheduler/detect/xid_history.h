// A random history of a PostgreSQL table and of the polls by xid that follow it: writers with savepoints and slow
// commits, polls that die anywhere, and what a receiver would then complain of.
#pragma once

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/scheduler/detect/model_postgres.h"

namespace vhookd::testing {

struct HistorySetup {
  config::Event event = config::Event::updated;
  bool include_all = false;
  bool include_created = true;
  bool with_key = true;
  bool filtered = false;
  bool dies = false;
  bool short_views = false;   // and others write between them
  bool plain_cursor = false;  // deliberately wrong
  // Of a table so large that most polls look at a range of updated_at alone:
  bool large = false;
  bool odd_stamps = false;     // some rows are stamped with anything, or not at all
  bool clock_jumps = false;    // the server's, an hour on or back
  int hours_behind = 0;        // updated_at has no zone, and the writers' is so far behind UTC
  bool never_sweeps = false;   // deliberately wrong: no full sweep is ever due
  bool wrong_horizon = false;  // deliberately wrong: the range leaves open transactions out
};

// Versions count all writes, so each names one state of one row.
class XidHistory {
 public:
  XidHistory(unsigned seed, const HistorySetup& setup);

  // What a receiver would complain of; nothing: all is well.
  std::vector<std::string> run();
  int narrow_polls() const { return narrow_polls_; }

 private:
  static config::Webhook webhook(const HistorySetup& setup);
  int below(int bound) { return static_cast<int>(random_() % static_cast<unsigned>(bound)); }
  void write_somewhere();
  void write_new(int transaction, std::int64_t id);
  std::string odd_stamp(std::int64_t id);
  void pass_time();
  void poll();
  void bend_checkpoint(const char* member, const nlohmann::json& value);
  void forget_the_horizon();
  // Versions of a row the receiver was given, in order.
  std::vector<std::int64_t> given(std::int64_t id) const;
  void expect(bool holds, std::int64_t id, const std::string& what);
  void judge_promptness();
  void judge();
  void judge_created(std::int64_t id, const std::vector<std::int64_t>& versions);
  void judge_duplicates();

  HistorySetup setup_;
  const bool every_poll_sees_all_;  // that is stamped in time
  std::mt19937 random_;
  ModelPostgres database_;
  Conductor conductor_;
  std::int64_t version_ = 0;
  std::uint64_t cursor_ = 0;  // of the plain one
  bool begun_ = false;
  bool whole_ = false;
  int cuts_ = 0;
  int narrow_polls_ = 0;
  std::set<std::int64_t> prompt_;  // versions whose stamp is not older than the xid they are of
  std::vector<std::string> complaints_;
  std::map<std::int64_t, std::int64_t> first_view_;     // when the first poll began
  std::map<std::int64_t, std::int64_t> last_of_first_;  // when it was whole
  std::map<std::int64_t, int> births_when_whole_;       // when a whole poll first saw the row
};

}  // namespace vhookd::testing
