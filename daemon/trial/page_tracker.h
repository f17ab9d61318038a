// Tracks the pages that a receiver accepts, to detect duplicates, gaps in the sequence and reused ids.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <unordered_map>

#include "daemon/trial/receiver.h"

namespace vhookd {

// Not thread-safe.
class PageTracker {
 public:
  // Classifies a page whose signature is valid or unchecked: sets order, expected and status 200, or status 400 and
  // problem if its id is known with another body.
  void take(Received& page);
  // Adds the page, accepted or not, to counts().
  void count(const Received& page);

  const ReceiverCounts& counts() const { return counts_; }

 private:
  bool seen_before(Received& page);

  std::map<std::string, std::uint64_t> last_sequence_;    // by webhook
  std::unordered_map<std::string, std::string> digests_;  // digest of the body by message id
  std::deque<std::string> oldest_;                        // message ids, oldest first
  ReceiverCounts counts_;
};

}  // namespace vhookd
