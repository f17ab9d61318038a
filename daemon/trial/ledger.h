// What a receiver remembers of the pages it took: enough to tell a duplicate, a gap and a fake.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <unordered_map>

#include "daemon/trial/receiver.h"

namespace vhookd {

// Not thread-safe.
class Ledger {
 public:
  // Judges `page`, whose signature is good or not checked: sets order and expected, and status 200; or
  // status 400 and problem where its id came before with another body.
  void take(Received& page);
  void count(const Received& page);

  const ReceiverCounts& counts() const { return counts_; }

 private:
  bool seen_before(Received& page);

  std::map<std::string, std::uint64_t> last_sequence_;    // by webhook
  std::unordered_map<std::string, std::string> digests_;  // of the body, by message id
  std::deque<std::string> oldest_;                        // message ids in the order they came
  ReceiverCounts counts_;
};

}  // namespace vhookd
