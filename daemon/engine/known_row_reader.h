// Look-ups of one poll among the webhook's known rows, answered from rows read ahead.
//
// A scan in key order asks for keys in the order in which the known rows are stored, so one read of the store serves
// many look-ups. How far it reads ahead grows as long as the rows are used, and drops back when they are not (a scan in
// another order), so that a single look-up costs little more than without reading ahead.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/known.h"
#include "store/poll_state.h"

namespace vhookd {

// Not thread-safe. `polls` must outlive it.
class KnownRowReader {
 public:
  KnownRowReader(PollState& polls, std::string id) : polls_(&polls), id_(std::move(id)) {}

  // The known row with this key, or none. Errors: those of the store.
  Result<std::optional<KnownRow>> find(const std::string& key);
  // Drops what was read ahead. To be called after each commit, which may change the known rows.
  void clear();

 private:
  bool covers(const std::string& key) const;
  Result<void> read_ahead(const std::string& key);

  PollState* polls_;
  std::string id_;
  std::vector<KnownRow> rows_;  // all known rows from from_ to the last of these, or to the end
  std::string from_;
  bool to_end_ = false;   // there are no known rows after rows_
  std::size_t next_ = 0;  // the row after the last one found
  std::size_t used_ = 0;  // look-ups answered since rows_ was read
  int limit_ = 0;         // of the last read
};

}  // namespace vhookd
