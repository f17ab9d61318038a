// The HTTP API of a running daemon, asked over TCP.
#include "tests/program/fixture.h"
#include "tests/support/http_client.h"

namespace vhookd::testing {
namespace {

class HttpTest : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    shop_->run("CREATE TABLE things (id INTEGER PRIMARY KEY, note TEXT)");
    shop_->run("INSERT INTO things VALUES (1, 'one')");
    port_ = free_port();
    daemon_ = std::make_unique<Daemon>(configuration({{{"include_all", "true"}, {"filters", "{id: {gte: 1}}"}}}));
    daemon_->start();
    polled("w");
    pages(1);
  }
  std::string configuration(const std::vector<Keys>& webhooks) const {
    return "api: {listen: '127.0.0.1:" + std::to_string(port_) + "', token: let-me-in-please}\n" + yaml(webhooks);
  }

  HttpAnswer ask(const std::string& method, const std::string& target, const std::string& headers = "",
                 const std::string& body = "") const {
    return ask_http(port_, method, target, headers, body);
  }

  static constexpr auto bearer = "authorization: Bearer let-me-in-please\r\n";
  static constexpr auto bare = "authorization: let-me-in-please\r\n";
  int port_ = 0;
};

TEST_F(HttpTest, HealthAndReadiness) {
  EXPECT_EQ(ask("GET", "/healthz").status, 200);
  EXPECT_EQ(ask("GET", "/readyz").status, 200);
  shop_->run("ALTER TABLE things RENAME TO gone");
  EXPECT_EQ(daemon_->ask({"trigger", "w"}).code, 1);
  const auto ready = ask("GET", "/readyz");
  EXPECT_EQ(ready.status, 503);
  EXPECT_TRUE(ready.body.contains("w") && ready.body.contains("things")) << ready.body;
  EXPECT_EQ(ask("GET", "/healthz").status, 200);
  EXPECT_EQ(daemon_->ask({"pause", "w"}).code, 0);
  EXPECT_EQ(ask("GET", "/readyz").status, 200) << "who is paused does not count";
}

TEST_F(HttpTest, WebhooksWithTheModelsTypes) {
  const auto list = ask("GET", "/unified/webhook").json();
  ASSERT_EQ(list.size(), 1U);
  const auto one = ask("GET", "/unified/webhook/w").json();
  EXPECT_EQ(one["id"], "w");
  EXPECT_EQ(one["interval"], 60);
  EXPECT_TRUE(one["filters"]["id"].is_string());
  EXPECT_TRUE(one["runs"].is_array());
  EXPECT_TRUE(one["runs"][0].is_string());
  EXPECT_EQ(one["is_paused"], false);
  EXPECT_FALSE(one.contains("fields")) << "a field without value is left out";
  EXPECT_FALSE(one.contains("secret"));
  EXPECT_EQ(ask("GET", "/unified/webhook/w/runs").json(), one["runs"]);
  EXPECT_EQ(ask("GET", "/unified/webhook/w/dead").json(), Json::array());
  EXPECT_EQ(ask("GET", "/unified/webhook/nobody").status, 404);
  EXPECT_EQ(ask("GET", "/nothing").status, 404);
}

TEST_F(HttpTest, ChangesNeedTheToken) {
  for (const auto* headers : {"", "authorization: Bearer wrong\r\n", "authorization: Basic bGV0Og==\r\n"}) {
    EXPECT_EQ(ask("PATCH", "/unified/webhook/w", headers, R"({"is_paused":true})").status, 401) << headers;
    EXPECT_EQ(ask("PUT", "/unified/webhook/w/trigger", headers).status, 401);
  }
  EXPECT_EQ(daemon_->status("w")["is_paused"], false);
  auto answer = ask("PATCH", "/unified/webhook/w", bearer, R"({"is_paused":true})");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json()["is_paused"], true);
  EXPECT_EQ(daemon_->status("w")["is_paused"], true);
  EXPECT_EQ(ask("PUT", "/unified/webhook/w/resume", bare).status, 200);
  EXPECT_EQ(daemon_->status("w")["is_paused"], false);
  EXPECT_EQ(ask("PUT", "/unified/webhook/w", bare, R"({"is_paused":true})").json()["is_paused"], true);
  EXPECT_EQ(ask("PATCH", "/unified/webhook/w", bare, R"({"is_paused":false})").json()["is_paused"], false);
  shop_->run("INSERT INTO things VALUES (2, 'two')");
  EXPECT_EQ(ask("PATCH", "/unified/webhook/w/trigger", bearer).status, 200);
  EXPECT_EQ(records_text(2, 1), R"({"id":2,"note":"two"})");
  EXPECT_EQ(ask("POST", "/unified/webhook/w/replay", bearer, R"({"dead":true})").status, 200);
  EXPECT_EQ(ask("POST", "/unified/webhook/w/replay", "", R"({"dead":true})").status, 401);
}

TEST_F(HttpTest, ForeignHostsAndOriginsAreRefused) {
  for (const auto* headers : {"host: evil.example\r\n", "origin: https://evil.example\r\n"}) {
    EXPECT_EQ(ask("GET", "/unified/webhook", headers).status / 100, 4) << headers;
    EXPECT_EQ(ask("PATCH", "/unified/webhook/w", std::string(headers) + bearer, R"({"is_paused":true})").status / 100,
              4);
  }
  EXPECT_EQ(daemon_->status("w")["is_paused"], false);
  EXPECT_EQ(ask("GET", "/unified/webhook", "host: localhost:" + std::to_string(port_) + "\r\n").status, 200);
}

TEST_F(HttpTest, AListenAddressForAllNeedsAToken) {
  Daemon open("api: {listen: '0.0.0.0:" + std::to_string(free_port()) + "'}\n" + yaml({{{"id", "w"}}}));
  const auto said = open.ask({"run"});
  EXPECT_NE(said.code, 0);
  EXPECT_TRUE(said.err.contains("token")) << said.err;
}

}  // namespace
}  // namespace vhookd::testing
