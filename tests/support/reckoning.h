// What one webhook's pages say, held against the table and the journal of those who wrote it. Every fault
// found is a test failure that names the first few of its kind.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "daemon/trial/receiver.h"
#include "tests/support/writers.h"

namespace vhookd::testing {

struct RowText {
  std::int64_t v = 0;
  std::string note, updated_at;
  bool operator==(const RowText&) const = default;
};
using TableText = std::map<std::int64_t, RowText>;  // by id

TableText read_table(SqlSession& session, const Shop& shop, const std::string& table);

// Two instants with a whole poll of the webhook between them, at the least.
struct PollWindow {
  Instant from, to;
};
// From the daemon's log: between two lines that say "polled" a whole poll took place.
std::vector<PollWindow> poll_windows(const std::string& log, const std::string& webhook);

class Reckoning {
 public:
  // `history`: of the receiver, all webhooks'.
  Reckoning(const std::vector<Received>& history, std::string webhook, std::string table);

  // One page for each sequence from 1, in order, always with the same id and body; sent twice only where the
  // answer was lost, which is at most once for each kill.
  void check_pages(int kills) const;
  // No version of a row twice, in two pages or in one.
  void check_versions() const;

  // For event updated: the last word on every row is what stands in the table.
  void check_last(const TableText& table) const;
  // For event created: every key seen alive came, once for each life.
  void check_created(const Journal& journal, const std::vector<PollWindow>& polls) const;
  // For event deleted: every key that was seen alive and is gone came, and none that never died.
  void check_deleted(const Journal& journal, const std::vector<PollWindow>& polls) const;

  std::string figures() const;

 private:
  struct Record {
    std::int64_t id = 0;
    RowText row;
    std::uint64_t sequence = 0;
  };

  std::string webhook_, table_;
  std::vector<Received> received_;  // of this webhook, refused ones too
  std::vector<Record> records_;     // of the pages taken, each page once, in order
  std::int64_t pages_ = 0, duplicates_ = 0;
};

}  // namespace vhookd::testing
