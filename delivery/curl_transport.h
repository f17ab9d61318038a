// POSTs over libcurl: one multi handle, HTTP/1.1, connections kept and reused.
//
// What is on top of delivery/transport.h:
//   - The answer is judged once its headers are in. What happens to its body after that (a reset, an
//     end of time, an abort) changes nothing: the receiver has spoken, so it is Answered.
//   - At most 64 KiB of headers and 64 KiB of body are read of an answer.
//   - Redirects, the environment's proxies, cookies, netrc and content encodings are not followed.
//   - Every address is judged by the EgressRules, when it is dialled and again when a kept connection
//     is about to be used: two spellings of one host share connections but not permissions.
#pragma once

#include <memory>
#include <string>

#include "core/clock.h"
#include "delivery/egress.h"
#include "delivery/transport.h"

namespace vhookd {

// REQUIRES: SIGPIPE is ignored in the process (libcurl is told to leave signals alone).
class CurlTransport final : public Transport {
 public:
  // `deliveries`: requests under way at once. `user_agent`: where a request's headers bring none.
  // `clock` has to outlive this; only its tick() is read.
  CurlTransport(const Clock& clock, int deliveries, EgressRules rules, std::string user_agent);
  ~CurlTransport() override;

  int capacity() const override;
  void start(Request request) override;
  std::vector<Outcome> wait(std::chrono::milliseconds timeout) override;
  void wake() override;
  void set_egress(const config::Egress& egress) override;
  void abort_all() override;

 private:
  struct Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace vhookd
