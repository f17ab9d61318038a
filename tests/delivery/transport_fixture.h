// What the tests of CurlTransport share.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "core/clock.h"
#include "delivery/curl_transport.h"

namespace vhookd::testing {

inline std::string ok(std::string_view body = "") {
  return "HTTP/1.1 200 OK\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

inline Request request(std::string url, std::uint64_t ticket = 1,
                       std::chrono::milliseconds timeout = std::chrono::seconds(5)) {
  Request out;
  out.ticket = ticket;
  out.url = std::move(url);
  out.headers = {{"content-type", "application/json"}, {"webhook-id", "page-1"}};
  out.body = R"({"data":[]})";
  out.timeout = timeout;
  return out;
}

class CurlTransportTest : public ::testing::Test {
 protected:
  CurlTransport with(const config::Egress& egress, int deliveries = 8) {
    return CurlTransport(clock, deliveries, EgressRules(egress), "vhookd/test");
  }

  // Starts one request and waits for what comes of it.
  Outcome send(Request one) {
    transport.start(std::move(one));
    return next();
  }
  Outcome next() {
    std::vector<Outcome> outcomes = transport.wait(std::chrono::seconds(20));
    EXPECT_EQ(outcomes.size(), 1U);
    return outcomes.empty() ? Outcome{} : outcomes.front();
  }
  Answered answered(Request one) {
    const Outcome outcome = send(std::move(one));
    if (const auto* answer = std::get_if<Answered>(&outcome.result)) return *answer;
    ADD_FAILURE() << "no answer: " << std::get<Unanswered>(outcome.result).text;
    return {};
  }
  Unanswered unanswered(Request one) {
    const Outcome outcome = send(std::move(one));
    if (const auto* none = std::get_if<Unanswered>(&outcome.result)) return *none;
    ADD_FAILURE() << "answered " << std::get<Answered>(outcome.result).status;
    return {};
  }

  const SystemClock clock;
  CurlTransport transport = with({});
};

}  // namespace vhookd::testing
