// The fields of the Webhook model, one by one: each test fails where its field is ignored.
#include <regex>

#include "tests/program/fixture.h"

namespace vhookd::testing {
namespace {

class ModelTest : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    make(*shop_, "things", "one");
    make(*shop_, "others", "another");
  }
  static void make(Shop& shop, const std::string& table, const std::string& note) {
    shop.run("CREATE TABLE " + table + " (id INTEGER PRIMARY KEY, note TEXT)");
    shop.run("INSERT INTO " + table + " VALUES (1, '" + note + "')");
  }

  // Everything that is there is sent at once.
  void start_all(Keys keys) {
    keys["include_all"] = "true";
    start({keys});
  }
  Json payload(std::size_t page = 0) { return Json::parse(pages(page + 1).at(page).body)["webhook"]; }
  // Stops it, and starts it again with another configuration and the same state.
  void restart(const Keys& keys) {
    ASSERT_EQ(daemon_->stop(), 0);
    daemon_->configure(yaml({keys}));
    daemon_->start();
    polled(keys.contains("id") ? keys.at("id") : "w");
  }
  // What `run` says of a configuration it refuses.
  std::string refusal(const std::string& text) {
    const Daemon daemon(text);
    const auto said = daemon.ask({"run"});
    EXPECT_EQ(said.code, 78) << said.out;
    EXPECT_FALSE(std::filesystem::exists(daemon.state())) << "something was started";
    return said.err;
  }
  std::string refusal(const Keys& keys) { return refusal(yaml({keys})); }
  // Unhealthy at once; why.
  std::string misfit(const Keys& keys) {
    const auto pages_before = receiver_->counts().pages;
    daemon_ = std::make_unique<Daemon>(yaml({keys}));
    daemon_->start();
    EXPECT_TRUE(daemon_->reaches("w", [](const Json& status) { return status["is_healthy"] == false; }));
    EXPECT_EQ(receiver_->counts().pages, pages_before);
    return daemon_->status("w").value("last_error", "");
  }
};

TEST_F(ModelTest, Id) {
  start_all({{"id", "first.one"}});
  EXPECT_EQ(pages(1, "first.one").at(0).sequence, 1U);
  // State hangs on it: a new name begins anew, the old one went on.
  restart({{"id", "first.one"}, {"include_all", "true"}, {"page_max_limit", "7"}});
  trigger("first.one");
  EXPECT_EQ(pages(1, "first.one").size(), 1U);
  restart({{"id", "second_one"}, {"include_all", "true"}});
  EXPECT_EQ(pages(1, "second_one").at(0).sequence, 1U);
  EXPECT_EQ(daemon_->status().size(), 1U);
  EXPECT_TRUE(refusal({{"id", "two words"}}).contains("id"));
  EXPECT_TRUE(refusal(yaml({{{"id", "same"}}, {{"id", "same"}}})).contains("same"));
}

TEST_F(ModelTest, ConnectionId) {
  const auto other = Shop::open("sqlite");
  make(*other, "things", "from the other");
  auto text = yaml({{{"connection_id", "second"}, {"include_all", "true"}}});
  text.insert(text.find("webhooks:"), "  second:\n    db_url: " + other->db_url() + "\n");
  daemon_ = std::make_unique<Daemon>(text);
  daemon_->start();
  EXPECT_EQ(records_text(1), R"({"id":1,"note":"from the other"})");
  EXPECT_EQ(payload()["connection_id"], "second");
  const auto why = refusal({{"connection_id", "shup"}});
  EXPECT_TRUE(why.contains("shup") && why.contains("shop")) << why;
}

TEST_F(ModelTest, DbType) {
  start_all({{"db_type", "sqlite"}});
  EXPECT_EQ(payload()["db_type"], "sqlite");
  EXPECT_TRUE(refusal({{"db_type", "postgres"}}).contains("db_type"));
  const auto why = refusal({{"db_type", "snowflake"}, {"db_url", "snowflake://account/db"}});
  for (const auto* reachable : {"postgres", "mysql", "mariadb", "sqlite", "supabase"})
    EXPECT_TRUE(why.contains(reachable)) << why;
}

TEST_F(ModelTest, DbUrl) {
  const auto other = Shop::open("sqlite");
  make(*other, "things", "from the other");
  start_all({{"db_url", other->db_url()}, {"connection_id", "only-a-label"}});
  EXPECT_EQ(records_text(1), R"({"id":1,"note":"from the other"})");
  EXPECT_EQ(payload()["connection_id"], "only-a-label");
  EXPECT_FALSE(payload().contains("db_url"));
  EXPECT_EQ(daemon_->status("w")["db_url"], other->db_url());
}

TEST_F(ModelTest, DbSchema) {
  EXPECT_TRUE(misfit({{"db_schema", "elsewhere"}}).contains("elsewhere"));
  start_all({{"db_schema", "main"}});
  EXPECT_EQ(payload()["db_schema"], "main");
}

TEST_F(ModelTest, DbNamePrefix) {
  make(*shop_, "app_things", "prefixed");
  start_all({{"db_name_prefix", "app_"}});
  EXPECT_EQ(records_text(1), R"({"id":1,"note":"prefixed"})");
  EXPECT_EQ(payload()["db_name_prefix"], "app_");
  EXPECT_EQ(payload()["object_type"], "things");
}

TEST_F(ModelTest, ObjectType) {
  const auto why = misfit({{"object_type", "Things"}});
  EXPECT_TRUE(why.contains("Things") && why.contains("things")) << why;
  start_all({{"object_type", "others"}});
  EXPECT_EQ(records_text(1), R"({"id":1,"note":"another"})");
  EXPECT_EQ(payload()["object_type"], "others");
}

TEST_F(ModelTest, Event) {
  start({{{"event", "deleted"}}});
  shop_->run("INSERT INTO things VALUES (2, 'two')");
  trigger();
  shop_->run("DELETE FROM things WHERE id = 1");
  trigger();
  expect_nothing_queued();
  const auto gone = records(1);
  ASSERT_EQ(gone.size(), 1U);
  EXPECT_EQ(gone[0]["id"], 1);
  EXPECT_EQ(payload()["event"], "deleted");
  EXPECT_TRUE(refusal({{"event", "update"}}).contains("updated"));
  EXPECT_TRUE(refusal({{"event", ""}}).contains("event"));
}

TEST_F(ModelTest, Fields) {
  start_all({{"fields", "note"}});
  EXPECT_EQ(records_text(1), R"({"note":"one"})");
  EXPECT_EQ(payload()["fields"], "note");
  const auto why = misfit({{"fields", "[id, nope]"}});
  EXPECT_TRUE(why.contains("nope") && why.contains("note")) << why;
}

TEST_F(ModelTest, Filters) {
  shop_->run("INSERT INTO things VALUES (2, 'two'), (3, 'three')");
  start_all({{"filters", "{note: two, id: {gte: 2}}"}});
  EXPECT_EQ(records_text(1), R"({"id":2,"note":"two"})");
  const auto filters = daemon_->status("w")["filters"];
  EXPECT_EQ(filters["note"], "two");
  EXPECT_EQ(Json::parse(filters["id"].get<std::string>()), Json::parse(R"({"gte":2})"));
  EXPECT_EQ(payload()["filters"], filters);
  EXPECT_TRUE(misfit({{"filters", "{nope: 1}"}}).contains("nope"));
}

TEST_F(ModelTest, Interval) {
  start({{{"id", "often"}, {"interval", "100ms"}}, {{"id", "seldom"}, {"interval", "60"}}});
  shop_->run("INSERT INTO things VALUES (2, 'two')");
  EXPECT_EQ(records(1, "often").size(), 1U);
  EXPECT_EQ(records(0, "seldom").size(), 0U);
  EXPECT_EQ(daemon_->status("seldom")["interval"], 60);
  EXPECT_NEAR(daemon_->status("often")["interval"].get<double>(), 0.1 / 60, 1e-9);
  EXPECT_TRUE(refusal({{"interval", "50ms"}}).contains("100"));
}

TEST_F(ModelTest, PageMaxLimit) {
  shop_->run("INSERT INTO things VALUES (2, 'two'), (3, 'three')");
  start_all({{"page_max_limit", "1"}});
  EXPECT_EQ(pages(3).size(), 3U);
  EXPECT_EQ(payload()["page_max_limit"], 1);
  EXPECT_TRUE(refusal({{"page_max_limit", "0"}}).contains("page_max_limit"));
  EXPECT_TRUE(refusal({{"page_max_limit", "10001"}}).contains("10000"));
}

TEST_F(ModelTest, HookUrlInItsThreeSpellings) {
  const auto url = receiver_->url() + "deep/path?x=1";
  start({{{"id", "a"}, {"include_all", "true"}, {"hook_url", ""}, {"HookUrl", url}},
         {{"id", "b"}, {"include_all", "true"}, {"hook_url", ""}, {"hookUrl", url}},
         {{"id", "c"}, {"include_all", "true"}, {"hook_url", url}}});
  for (const auto* id : {"a", "b", "c"}) {
    EXPECT_EQ(Json::parse(pages(1, id).at(0).body)["webhook"]["hook_url"], url);
    EXPECT_EQ(daemon_->status(id)["hook_url"], url);
  }
  EXPECT_TRUE(refusal({{"HookUrl", url}}).contains("hook_url"));  // one key twice
  EXPECT_TRUE(refusal({{"hook_url", ""}}).contains("hook_url"));
  EXPECT_TRUE(refusal({{"hook_url", "ftp://127.0.0.1/"}}).contains("http"));
}

TEST_F(ModelTest, EveryFieldInTheModelsOwnSpelling) {
  std::string text = "connections:\n  shop:\n    DbType: sqlite\n    DbUrl: " + shop_->db_url() + "\nwebhooks:\n";
  text += "  - Id: w\n    ConnectionId: shop\n    DbNamePrefix: th\n    ObjectType: ings\n    Event: updated\n";
  text += "    Fields: [note]\n    Filters: {id: 1}\n    Interval: 60\n    PageMaxLimit: 5\n    IsPaused: false\n";
  text += "    WebhookType: virtual\n    Environment: Test\n    IntegrationType: shop\n    WorkspaceId: seven\n";
  text += "    includeAll: true\n    hookUrl: " + receiver_->url() + "\n    Secret: " + secret + "\n";
  daemon_ = std::make_unique<Daemon>(text);
  daemon_->start();
  EXPECT_EQ(records_text(1), R"({"note":"one"})");
}

TEST_F(ModelTest, CheckedAt) {
  shop_->run("CREATE TABLE dated (id INTEGER PRIMARY KEY, updated_at TEXT)");
  shop_->run("INSERT INTO dated VALUES (1, '2026-01-01 00:00:00'), (2, '2026-03-01 00:00:00')");
  start({{{"object_type", "dated"}, {"fields", "id"}, {"checked_at", "2026-02-01T00:00:00Z"}}});
  EXPECT_EQ(records_text(1), R"({"id":2})");
  const auto first = daemon_->status("w")["checked_at"].get<std::string>();
  EXPECT_GT(first.size(), 18U);
  EXPECT_GE(first, "2026-02-01");
  trigger();
  EXPECT_GT(daemon_->status("w")["checked_at"].get<std::string>(), first);
  // Once there is state it is ignored, aloud.
  restart({{"object_type", "dated"}, {"fields", "id"}, {"checked_at", "2025-02-01T00:00:00Z"}});
  trigger();
  EXPECT_EQ(records(1).size(), 1U);
  EXPECT_TRUE(daemon_->program().says("checked-at-ignored"));
}

TEST_F(ModelTest, IsHealthy) {
  start({{{"id", "good"}}, {{"id", "w"}}});
  EXPECT_EQ(daemon_->status("w")["is_healthy"], true);
  shop_->run("ALTER TABLE things RENAME TO gone");
  EXPECT_EQ(daemon_->ask({"trigger", "w"}).code, 1);
  EXPECT_EQ(daemon_->status("w")["is_healthy"], false);
  EXPECT_EQ(daemon_->status("good")["is_healthy"], true);
  shop_->run("ALTER TABLE gone RENAME TO things");
  trigger();
  EXPECT_EQ(daemon_->status("w")["is_healthy"], true);
  EXPECT_TRUE(refusal({{"is_healthy", "true"}}).contains("is_healthy"));
}

TEST_F(ModelTest, IsPaused) {
  daemon_ = std::make_unique<Daemon>(yaml({{{"is_paused", "true"}, {"include_all", "true"}, {"interval", "100ms"}}}));
  daemon_->start();
  EXPECT_EQ(daemon_->status("w")["is_paused"], true);
  EXPECT_EQ(daemon_->ask({"trigger", "w"}).code, 1);
  EXPECT_FALSE(daemon_->status("w").contains("checked_at"));
  EXPECT_EQ(receiver_->counts().pages, 0);
  daemon_->configure(yaml({{{"is_paused", "false"}, {"include_all", "true"}, {"interval", "100ms"}}}));
  EXPECT_EQ(daemon_->ask({"reload"}).code, 0);
  EXPECT_EQ(records_text(1), R"({"id":1,"note":"one"})");
  EXPECT_EQ(payload()["is_paused"], false);
}

TEST_F(ModelTest, Runs) {
  start_all({});
  trigger();
  const auto runs = daemon_->status("w")["runs"];
  ASSERT_GE(runs.size(), 2U);
  const std::regex form(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ok \d+ pages? \d+ records? \d+ ms)");
  for (const auto& run : runs) EXPECT_TRUE(std::regex_match(run.get<std::string>(), form)) << run;
  EXPECT_TRUE(runs.front().get<std::string>().contains(" 0 records"));  // newest first
  EXPECT_TRUE(runs.back().get<std::string>().contains(" 1 record"));
  for (int i = 0; i < 55; ++i) trigger();
  EXPECT_EQ(daemon_->status("w")["runs"].size(), 50U);
  EXPECT_TRUE(refusal({{"runs", "[]"}}).contains("runs"));
}

TEST_F(ModelTest, WebhookType) {
  start_all({});
  EXPECT_EQ(payload()["webhook_type"], "virtual");
  EXPECT_TRUE(refusal({{"webhook_type", "native"}}).contains("native"));
}

TEST_F(ModelTest, EnvironmentIntegrationTypeAndWorkspaceId) {
  start({{{"id", "plain"}, {"include_all", "true"}},
         {{"id", "w"},
          {"include_all", "true"},
          {"environment", "Staging"},
          {"integration_type", "till"},
          {"workspace_id", "ws-9"}}});
  for (const auto& seen : {payload(), daemon_->status("w")}) {
    EXPECT_EQ(seen["environment"], "Staging");
    EXPECT_EQ(seen["integration_type"], "till");
    EXPECT_EQ(seen["workspace_id"], "ws-9");
  }
  const auto plain = daemon_->status("plain");
  EXPECT_EQ(plain["environment"], "Production");
  EXPECT_EQ(plain["integration_type"], "sqlite");
  EXPECT_FALSE(plain.contains("workspace_id"));
}

TEST_F(ModelTest, CreatedAtAndUpdatedAt) {
  start({{{"id", "w"}}});
  const auto first = daemon_->status("w");
  EXPECT_GE(first["updated_at"].get<std::string>(), first["created_at"].get<std::string>());
  trigger();
  EXPECT_EQ(daemon_->status("w")["updated_at"], first["updated_at"]) << "a poll is no change of the webhook";
  daemon_->configure(yaml({{{"page_max_limit", "9"}}}));
  EXPECT_EQ(daemon_->ask({"reload"}).code, 0);
  EXPECT_EQ(daemon_->status("w")["created_at"], first["created_at"]);
  EXPECT_GT(daemon_->status("w")["updated_at"].get<std::string>(), first["updated_at"].get<std::string>());
  restart({{"page_max_limit", "9"}});
  EXPECT_EQ(daemon_->status("w")["created_at"], first["created_at"]);
  EXPECT_TRUE(refusal({{"created_at", "2026-01-01T00:00:00Z"}}).contains("created_at"));
  EXPECT_TRUE(refusal({{"updated_at", "2026-01-01T00:00:00Z"}}).contains("updated_at"));
}

TEST_F(ModelTest, DefaultsHoldWhereTheWebhookSaysNothing) {
  std::string text = "defaults:\n";
  for (const auto& [key, value] : Keys{{"connection_id", "shop"},
                                       {"object_type", "things"},
                                       {"event", "updated"},
                                       {"interval", "5m"},
                                       {"fields", "note"},
                                       {"include_all", "true"},
                                       {"secret", secret},
                                       {"hook_url", receiver_->url()}})
    text += "  " + key + ": " + value + "\n";
  text += "connections:\n  shop: {db_url: '" + shop_->db_url() + "'}\n";
  text += "webhooks:\n  - id: a\n  - id: b\n    object_type: others\n    fields: [id, note]\n";
  daemon_ = std::make_unique<Daemon>(text);
  daemon_->start();
  EXPECT_EQ(records_text(1, 0, "a"), R"({"note":"one"})");
  EXPECT_EQ(records_text(1, 0, "b"), R"({"id":1,"note":"another"})");
  EXPECT_EQ(daemon_->status("b")["interval"], 5);
}

}  // namespace
}  // namespace vhookd::testing
