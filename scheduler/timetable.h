// When each webhook is polled next. Pure: time is handed in; not thread-safe.
//
// Intervals lie on the monotonic clock, each webhook on a grid of its own whose phase is a stable hash of
// its id, so that thousands with one interval do not come due at one moment. A poll that takes longer than
// its interval skips the ticks it missed. A database gives few places at a time, and one that can't be
// reached is asked again only after a back-off, by one webhook: it delays nobody but its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/clock.h"

namespace vhookd {

class Timetable {
 public:
  // `places`: polls under way at once for each database.
  explicit Timetable(int places) : places_(places) {}

  // Due at once; an id already there is changed and keeps its next tick.
  void add(const std::string& id, const std::string& database, std::chrono::milliseconds interval, Tick now);
  void remove(const std::string& id);
  void hurry(const std::string& id, Tick now);  // due at once

  // The webhook longest due whose database has a place free; it is under way until finished(). `early`: also one that
  // comes due within a thousandth of its interval, so that who is awake anyhow need not be woken again for it.
  std::optional<std::string> take(Tick now, bool early = false);
  // `again`: there is more to do, due at once.
  void finished(const std::string& id, Tick now, bool again);
  // The database could not be reached: nothing on it is due before a back-off has passed. The webhook itself
  // keeps its tick.
  void unreachable(const std::string& id, Tick now);
  void reached(const std::string& id);

  std::optional<Tick> next_due() const;  // of any not under way; may be in the past
  std::optional<Tick> due(const std::string& id) const;
  bool under_way(const std::string& id) const;
  std::size_t size() const { return entries_.size(); }

 private:
  struct Database {
    int under_way = 0;
    int failures = 0;
    Tick not_before;
    // Its webhooks not under way, by due: one for each database, so that thousands that wait for a place in
    // one are not passed over one by one each time.
    std::set<std::pair<Tick, std::string>> queue;
  };
  using Databases = std::map<std::string, Database>;
  struct Entry {
    Databases::iterator database;  // there as long as a webhook of it is
    std::chrono::milliseconds interval{0};
    Tick due;
    bool under_way = false;
    bool hurried = false;  // while under way
    bool removed = false;  // while under way
  };

  void set_due(const std::string& id, Entry& entry, Tick due);
  bool has_place(const Database& database) const;
  bool is_due(const std::pair<Tick, std::string>& first, Tick now, bool early) const;
  void drop_if_idle(Databases::iterator database);
  Tick next_tick(const std::string& id, const Entry& entry, Tick now) const;

  int places_;
  std::unordered_map<std::string, Entry> entries_;
  Databases databases_;
};

}  // namespace vhookd
