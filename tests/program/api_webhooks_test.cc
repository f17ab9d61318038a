// Webhooks made, changed and removed through the API of a running daemon.
#include "tests/program/fixture.h"
#include "tests/support/hook.h"
#include "tests/support/http_client.h"
#include "tests/support/node.h"
#include "tests/support/paths.h"

namespace vhookd::testing {
namespace {

class ApiWebhooksTest : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    shop_->run("CREATE TABLE things (id INTEGER PRIMARY KEY, note TEXT)");
    shop_->run("INSERT INTO things VALUES (1, 'one'), (2, 'two')");
    start_with(allowed + defaults + yaml({{{"filters", "{id: {gte: 1}}"}}}));
  }
  std::string head() const {
    return "api: {listen: '127.0.0.1:" + std::to_string(port_) + "', token: let-me-in-please}\n";
  }
  void start_with(const std::string& text, const Environment& environment = {{"HOOK_SECRET", secret}}) {
    daemon_ = std::make_unique<Daemon>(head() + text, environment);
    daemon_->start();
    polled("w");
  }

  HttpAnswer ask(const std::string& method, const std::string& target, const std::string& body = "") const {
    return ask_http(port_, method, target, "authorization: Bearer let-me-in-please\r\n", body);
  }
  HttpAnswer create(const Json& body, const std::string& query = "") const {
    return ask("POST", "/unified/webhook" + query, body.dump());
  }
  Json thing(const std::string& id = "made") const {
    return {{"id", id},           {"connection_id", "shop"}, {"object_type", "things"},
            {"event", "updated"}, {"interval", 60},          {"hook_url", receiver_->url()}};
  }
  // Refused with 400; the details as one text.
  std::string refused(const Json& body) const {
    const auto answer = create(body);
    EXPECT_EQ(answer.status, 400) << answer.body;
    EXPECT_FALSE(answer.body.contains(secret)) << answer.body;
    return answer.json()["details"].dump();
  }
  std::string state_bytes() const {
    return read_file(daemon_->state() / "state.db") + read_file(daemon_->state() / "state.db-wal");
  }

  static constexpr auto allowed = "egress: {allow: [127.0.0.0/8]}\n";
  const std::string defaults = "defaults: {secret: '${env:HOOK_SECRET}'}\n";
  const int port_ = free_port();
};

TEST_F(ApiWebhooksTest, AreMadeRunAndOutliveARestartAndAReload) {
  const auto made = create(thing(), "?include_all=true");
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(made.json()["managed"], "api");
  EXPECT_EQ(made.json()["interval"], 60);
  EXPECT_EQ(records_text(2, 0, "made"), R"({"id":1,"note":"one"} {"id":2,"note":"two"})");
  EXPECT_EQ(ask("GET", "/unified/webhook/w").json()["managed"], "yaml");

  EXPECT_EQ(daemon_->stop(), 0);
  daemon_->start();
  shop_->run("INSERT INTO things VALUES (3, 'three')");
  trigger("made");
  EXPECT_EQ(records_text(3, 2, "made"), R"({"id":3,"note":"three"})");

  ASSERT_EQ(daemon_->ask({"reload"}).code, 0);
  shop_->run("INSERT INTO things VALUES (4, 'four')");
  trigger("made");
  EXPECT_EQ(records_text(4, 3, "made"), R"({"id":4,"note":"four"})");
  for (const auto& page : pages(3, "made")) EXPECT_TRUE(page.verified()) << "the secret of defaults signs";

  EXPECT_EQ(ask("DELETE", "/unified/webhook/made").status, 200);
  EXPECT_EQ(ask("GET", "/unified/webhook/made").status, 404);
  EXPECT_EQ(daemon_->stop(), 0);
  daemon_->start();
  EXPECT_EQ(ask("GET", "/unified/webhook/made").status, 404);
}

TEST_F(ApiWebhooksTest, AreChangedFieldByField) {
  ASSERT_EQ(create(thing()).status, 200);
  auto changed = ask("PATCH", "/unified/webhook/made", R"({"interval": 5, "fields": "id", "PageMaxLimit": 7})");
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(changed.json()["interval"], 5);
  EXPECT_EQ(changed.json()["page_max_limit"], 7);
  EXPECT_EQ(changed.json()["fields"], "id");
  // Sent back as it was read, nothing changes, a resolved default is not written down, and nothing is polled anew.
  const auto before = changed.json();
  EXPECT_EQ(ask("PUT", "/unified/webhook/made", changed.body).json()["page_max_limit"], 7);
  EXPECT_EQ(ask("GET", "/unified/webhook/made").json()["updated_at"], before["updated_at"]);
  changed = ask("PUT", "/unified/webhook/made", R"({"fields": null, "is_paused": true})");
  EXPECT_FALSE(changed.json().contains("fields")) << changed.body;
  EXPECT_EQ(changed.json()["is_paused"], true);
  EXPECT_EQ(ask("PUT", "/unified/webhook/made/resume").json()["is_paused"], false);
  EXPECT_EQ(ask("PATCH", "/unified/webhook/made", R"({"id": "other"})").status, 400);
  EXPECT_EQ(ask("PATCH", "/unified/webhook/made", R"({"event": "never"})").status, 400);
  EXPECT_EQ(ask("GET", "/unified/webhook/made").json()["event"], "updated");
}

TEST_F(ApiWebhooksTest, FiltersComeAsTheModelsStrings) {
  auto body = thing();
  body["filters"] = {{"id", R"({"gte":2})"}, {"note", "two"}};
  const auto made = create(body, "?include_all=true");
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(made.json()["filters"], body["filters"]);
  EXPECT_EQ(records_text(1, 0, "made"), R"({"id":2,"note":"two"})");
}

TEST_F(ApiWebhooksTest, ThoseOfTheYamlAreNotTheApis) {
  EXPECT_EQ(ask("DELETE", "/unified/webhook/w").status, 409);
  const auto said = ask("PATCH", "/unified/webhook/w", R"({"interval": 5})");
  EXPECT_EQ(said.status, 409);
  EXPECT_TRUE(said.body.contains("YAML")) << said.body;
  EXPECT_EQ(create(thing("w")).status, 409);
  EXPECT_EQ(ask_http(port_, "POST", "/unified/webhook", "", thing().dump()).status, 401);
  EXPECT_EQ(ask_http(port_, "DELETE", "/unified/webhook/w").status, 401);
}

TEST_F(ApiWebhooksTest, EveryMistakeIsTold) {
  auto body = thing();
  body["event"] = "never";
  body["interval"] = "soon";
  body["connection_id"] = "sho";
  auto said = refused(body);
  for (const auto* words : {"webhook.event: ", "webhook.interval: ", "webhook.connection_id: ", "did you mean shop?"})
    EXPECT_TRUE(said.contains(words)) << words << " in " << said;
  said = refused({{"object_typ", "things"}});
  EXPECT_TRUE(said.contains("did you mean object_type?")) << said;
  said = refused({{"event", "updated"}});
  for (const auto* key : {"webhook.connection_id", "webhook.object_type", "webhook.hook_url"})
    EXPECT_TRUE(said.contains(key)) << key << " in " << said;
  EXPECT_EQ(ask("POST", "/unified/webhook", "[1]").status, 400);
  EXPECT_EQ(ask("POST", "/unified/webhook", std::string(500'000, '[')).status, 400);
  EXPECT_EQ(create(thing("no good id")).status, 400);
  EXPECT_EQ(ask("POST", "/unified/webhook?include_all=maybe", thing().dump()).status, 400);
  EXPECT_EQ(ask("GET", "/unified/webhook").json().size(), 1U);
}

TEST_F(ApiWebhooksTest, CarryNoSecretIntoTheStateAndNoneOut) {
  auto body = thing();
  body["secret"] = secret;
  EXPECT_TRUE(refused(body).contains("reference"));
  body["secret"] = {"${env:HOOK_SECRET}", secret};
  EXPECT_TRUE(refused(body).contains("reference"));
  body["secret"] = "${file:/etc/hostname}";
  EXPECT_TRUE(refused(body).contains("webhook.secret"));
  body.erase("secret");
  body["headers"] = {{"x-token", "t0p"}};
  EXPECT_TRUE(refused(body).contains("headers"));
  body.erase("headers");
  body["db_url"] = "sqlite:///etc/passwd";
  EXPECT_TRUE(refused(body).contains("connection_id"));
  body.erase("db_url");
  for (const auto* url : {"http://127.0.0.1/${env:HOOK_SECRET}", "http://127.0.0.1/?${file:/etc/passwd}"}) {
    body["hook_url"] = url;
    EXPECT_TRUE(refused(body).contains("reference")) << url;
  }
  body = thing();
  body["filters"] = {{"note", "${env:HOOK_SECRET}"}};
  EXPECT_TRUE(refused(body).contains("reference"));

  body = thing();
  body["secret"] = "${env:HOOK_SECRET}";
  const auto made = create(body, "?include_all=true");
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_FALSE(made.body.contains("secret")) << made.body;
  EXPECT_TRUE(pages(1, "made")[0].verified());
  EXPECT_FALSE(state_bytes().contains(secret));
  EXPECT_TRUE(state_bytes().contains("${env:HOOK_SECRET}"));
}

TEST_F(ApiWebhooksTest, AnAddressThatIsWrittenIsNoPermissionHere) {
  daemon_->configure(head() + defaults + yaml({{}}));
  EXPECT_EQ(daemon_->ask({"reload"}).code, 0);
  for (const auto* host : {"127.0.0.1", "localhost", "LocalHost", "10.0.0.1", "[::1]", "169.254.169.254"}) {
    auto body = thing();
    body["hook_url"] = std::string("http://") + host + ":9/";
    EXPECT_TRUE(refused(body).contains("webhook.hook_url")) << host;
  }
  auto body = thing();
  body["hook_url"] = "https://hooks.example/x";
  body["is_paused"] = true;
  const auto made = create(body);
  EXPECT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(made.json()["is_paused"], true);
}

TEST_F(ApiWebhooksTest, NorIsOneOfAReplay) {
  const Hook elsewhere;
  shop_->run("INSERT INTO things VALUES (3, 'three')");
  trigger("w");
  pages(1);
  expect_nothing_queued();  // only what is known to be delivered can be replayed
  const auto replay = [&](const std::string& url) {
    return ask("POST", "/unified/webhook/w/replay", Json({{"from", 1}, {"url", url}}).dump());
  };
  EXPECT_EQ(replay(elsewhere.url()).status, 200) << "egress.allow covers it";
  EXPECT_EQ(elsewhere.posts(1)[0].header("vhookd-replay"), "true");
  daemon_->configure(head() + defaults + yaml({{{"filters", "{id: {gte: 1}}"}}}));
  EXPECT_EQ(daemon_->ask({"reload"}).code, 0);
  const auto refused = replay("http://LocalHost:" + std::to_string(elsewhere.port()) + "/");
  EXPECT_EQ(refused.status, 400);
  EXPECT_TRUE(refused.body.contains("127.0.0.1 is loopback")) << refused.body;
  EXPECT_EQ(daemon_->ask({"replay", "w", "--from", "1", "--url", elsewhere.url()}).code, 0);
  EXPECT_EQ(elsewhere.posts(2).size(), 2U) << "the command is the operator's word";
}

TEST_F(ApiWebhooksTest, WithoutItsConnectionOneIsKeptAndUnhealthy) {
  ASSERT_EQ(create(thing()).status, 200);
  polled("made");
  const auto whole = head() + allowed + defaults + yaml({{}});
  daemon_->configure(head() + allowed + defaults + "connections: {other: {db_url: " + shop_->db_url() + "}}\n");
  ASSERT_EQ(daemon_->ask({"reload"}).code, 0);
  auto status = daemon_->status("made");
  EXPECT_EQ(status["is_healthy"], false);
  EXPECT_TRUE(status["last_error"].get<std::string>().contains("connection_id")) << status;
  EXPECT_EQ(ask("PUT", "/unified/webhook/made/trigger").status, 409);
  EXPECT_EQ(ask("GET", "/readyz").status, 503);
  EXPECT_EQ(daemon_->stop(), 0);
  daemon_->start();
  EXPECT_EQ(daemon_->status("made")["is_healthy"], false);
  daemon_->configure(whole);
  ASSERT_EQ(daemon_->ask({"reload"}).code, 0);
  trigger("made");
  EXPECT_EQ(daemon_->status("made")["is_healthy"], true);
}

TEST_F(ApiWebhooksTest, TheYamlComesFirstWhereBothHaveAnId) {
  ASSERT_EQ(create(thing()).status, 200);
  daemon_->configure(head() + allowed + defaults + yaml({{}, {{"id", "made"}}}));
  ASSERT_EQ(daemon_->ask({"reload"}).code, 0);
  EXPECT_EQ(daemon_->status("made")["managed"], "yaml");
  EXPECT_EQ(ask("GET", "/unified/webhook").json().size(), 2U);
  daemon_->configure(head() + allowed + defaults + yaml({{}}));
  ASSERT_EQ(daemon_->ask({"reload"}).code, 0);
  EXPECT_EQ(daemon_->status("made")["managed"], "api");
}

TEST_F(ApiWebhooksTest, TheModelsOwnClientLibraryWorksUnchanged) {
  std::string why;
  const auto library = npm_package("@unified-api/typescript-sdk@2.85.49", why);
  if (library.empty()) GTEST_SKIP() << "NO CLIENT LIBRARY: " << why;
  std::string said;
  EXPECT_EQ(run_shell("timeout 60 node " + source_dir() + "/tests/program/client_sdk.mjs " + library + " " +
                          std::to_string(port_) + " let-me-in-please " + receiver_->url(),
                      said),
            0)
      << said;
}

}  // namespace
}  // namespace vhookd::testing
