// Implements Transport with libcurl: one multi handle, HTTP/1.1, connections kept and reused.
//
// In addition to the contract of delivery/transport.h:
//   - A request is Answered as soon as the headers of the answer are read. An error after that, while the body is read
//   (a
//     reset, a timeout, an abort), does not change the outcome.
//   - At most 64 KiB of headers and 64 KiB of body of an answer are read.
//   - Redirects, proxies from the environment, cookies, netrc and content encodings are not used.
//   - EgressRules check every address, when it is dialled and again when a kept connection is about to be used: two
//     spellings of one host share connections but not permissions.
#pragma once

#include <memory>
#include <string>

#include "core/clock.h"
#include "delivery/egress.h"
#include "delivery/transport.h"

namespace vhookd {

// REQUIRES: the process ignores SIGPIPE, because libcurl is configured not to handle signals. Threads: see Transport.
class CurlTransport final : public Transport {
 public:
  // `deliveries`: the most concurrent requests. `user_agent`: for requests whose headers have none. `clock` must
  // outlive this object; only its tick() is used.
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
