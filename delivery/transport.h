// POSTs under way: capacity, start, wait. The delivery loop in daemon/ starts as much as capacity
// allows, then reaps.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "config/config.h"

namespace vhookd {

struct Request {
  std::uint64_t ticket = 0;  // the caller's, handed back with the outcome
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::chrono::milliseconds timeout{15000};  // for the whole exchange
  std::shared_ptr<const config::Tls> tls;    // null: the system's certificates vouch, nothing is shown
};

// A status line and its headers were read. `excerpt`: the start of the answer's body, printable, at
// most 512 bytes, for the operator.
struct Answered {
  int status = 0;
  std::string retry_after;  // as sent; empty: none
  std::string excerpt;
};

// No answer. `sent`: bytes may have reached the receiver, so it may have taken the page.
struct Unanswered {
  enum class Why { resolve, connect, refused_by_egress, tls, timeout, broken, aborted } why = Why::broken;
  bool sent = false;
  std::string text;  // for the operator, names the host
};

struct Outcome {
  std::uint64_t ticket = 0;
  std::variant<Answered, Unanswered> result;
  std::chrono::microseconds took{0};
};

// One of the three seams of the program. start and abort_all are called by the thread that waits;
// wake and set_egress from any thread.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual int capacity() const = 0;         // how many more may be started now
  virtual void start(Request request) = 0;  // REQUIRES: capacity() > 0
  // Outcomes that have come in; waits at most `timeout` for the first, less after wake().
  virtual std::vector<Outcome> wait(std::chrono::milliseconds timeout) = 0;
  virtual void wake() = 0;
  // From now on these addresses may be dialled and kept connections used, for what is started after it. Any thread.
  virtual void set_egress(const config::Egress& egress) = 0;
  virtual void abort_all() = 0;  // every started request ends as Unanswered::aborted at the next wait
};

}  // namespace vhookd
