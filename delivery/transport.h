// Transport: sends POSTs concurrently. The delivery loop in daemon/engine starts as many requests as capacity() allows
// and then waits for outcomes.
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
  std::uint64_t ticket = 0;  // chosen by the caller, returned with the outcome
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::chrono::milliseconds timeout{15000};  // for the complete request and answer
  std::shared_ptr<const config::Tls> tls;    // null: the system's CA certificates, no client certificate
};

// The headers of an answer were read. `excerpt`: the start of its body for the operator, printable, at most 512 bytes.
struct Answered {
  int status = 0;
  std::string retry_after;  // the header as sent; empty: none
  std::string excerpt;
};

// No answer. `sent`: bytes may have reached the receiver, so it may have accepted the page.
struct Unanswered {
  enum class Why { resolve, connect, refused_by_egress, tls, timeout, broken, aborted } why = Why::broken;
  bool sent = false;
  std::string text;  // for the operator; contains the host
};

struct Outcome {
  std::uint64_t ticket = 0;
  std::variant<Answered, Unanswered> result;
  std::chrono::microseconds took{0};
};

// One thread calls capacity, start, wait and abort_all; any thread may call wake and set_egress.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual int capacity() const = 0;         // how many requests may be started now
  virtual void start(Request request) = 0;  // REQUIRES: capacity() > 0
  // Returns the outcomes since the last call. Waits at most `timeout` for the first one; wake() ends the wait.
  virtual std::vector<Outcome> wait(std::chrono::milliseconds timeout) = 0;
  virtual void wake() = 0;
  // Sets the egress rules for requests that are started after this call, on new and on kept connections.
  virtual void set_egress(const config::Egress& egress) = 0;
  virtual void abort_all() = 0;  // the next wait returns all started requests as Unanswered::aborted
};

}  // namespace vhookd
