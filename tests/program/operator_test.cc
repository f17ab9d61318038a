// The commands as an operator uses them, beside a daemon that runs.
#include <signal.h>

#include <regex>

#include "tests/program/fixture.h"

namespace vhookd::testing {
namespace {

class OperatorTest : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    shop_->run("CREATE TABLE things (id INTEGER PRIMARY KEY, note TEXT)");
    add(1);
  }
  void add(int id) { shop_->run("INSERT INTO things (id) VALUES (" + std::to_string(id) + ")"); }
};

TEST_F(OperatorTest, PauseHoldsAndResumeGoesOn) {
  start({{{"interval", "100ms"}}});
  auto said = daemon_->ask({"pause", "w"});
  EXPECT_EQ(said.code, 0);
  EXPECT_TRUE(said.out.contains("w is paused"));
  EXPECT_EQ(daemon_->ask({"pause", "w"}).code, 0) << "twice is no fault";
  // A poll that was under way when it was paused ends before the daemon does.
  EXPECT_EQ(daemon_->stop(), 0);
  daemon_->start();
  const auto checked = daemon_->status("w")["checked_at"];
  add(2);
  EXPECT_EQ(daemon_->ask({"trigger", "w"}).code, 1);
  EXPECT_EQ(daemon_->stop(), 0);
  daemon_->start();
  EXPECT_EQ(daemon_->status("w")["is_paused"], true) << "kept over a restart";
  EXPECT_EQ(daemon_->status("w")["checked_at"], checked);
  EXPECT_EQ(receiver_->counts().pages, 0);
  said = daemon_->ask({"resume", "w", "--json"});
  EXPECT_EQ(said.code, 0);
  EXPECT_EQ(Json::parse(said.out)["is_paused"], false);
  EXPECT_EQ(records_text(1), R"({"id":2,"note":null})") << "what changed meanwhile comes after";
}

TEST_F(OperatorTest, TriggerWaitsForTheRun) {
  start({{{"id", "w"}}});
  add(2);
  auto said = daemon_->ask({"trigger", "w"});
  EXPECT_EQ(said.code, 0);
  EXPECT_TRUE(std::regex_search(said.out, std::regex(R"(^\d{4}-.*Z ok 1 pages? 1 records? \d+ ms\n$)"))) << said.out;
  shop_->run("DROP TABLE things");
  said = daemon_->ask({"trigger", "w"});
  EXPECT_EQ(said.code, 1);
  EXPECT_TRUE(said.out.contains("things")) << said.out;
  said = daemon_->ask({"trigger", "unknown"});
  EXPECT_EQ(said.code, 1);
  EXPECT_TRUE(said.err.contains("unknown")) << said.err;
}

TEST_F(OperatorTest, StatusAndRuns) {
  daemon_ = std::make_unique<Daemon>(
      yaml({{{"id", "w"}, {"include_all", "true"}}, {{"id", "other"}, {"is_paused", "true"}}}));
  daemon_->start();
  pages(1);
  polled("w");
  expect_nothing_queued();
  const auto table = daemon_->ask({"status"});
  EXPECT_EQ(table.code, 0);
  EXPECT_TRUE(table.out.contains("w") && table.out.contains("other")) << table.out;
  EXPECT_FALSE(table.out.contains("\x1b")) << "no colours in a file";
  const auto full = daemon_->ask({"status", "w"});
  for (const auto* field :
       {"id:",           "connection_id:",  "db_type:",          "db_url:",     "object_type:", "event:",
        "interval:",     "page_max_limit:", "hook_url:",         "checked_at:", "is_healthy:",  "is_paused:",
        "webhook_type:", "environment:",    "integration_type:", "created_at:", "updated_at:",  "lag_seconds:",
        "queued_pages:", "dead_pages:",     "next_check_at:"})
    EXPECT_TRUE(full.out.contains(field)) << field << " in\n" << full.out;
  const auto list = daemon_->status();
  ASSERT_EQ(list.size(), 2U);
  EXPECT_TRUE(list[0]["lag_seconds"].is_number());
  EXPECT_EQ(list[0]["queued_pages"], 0);
  EXPECT_EQ(list[0]["dead_pages"], 0);
  EXPECT_TRUE(list[0].contains("next_check_at"));
  EXPECT_FALSE(list[0].contains("last_error"));
  EXPECT_GT(list[1]["lag_seconds"], 0) << "never checked: since it was made";
  EXPECT_FALSE(list[1].contains("next_check_at")) << "paused: there is no next check";
  const auto runs = daemon_->ask({"runs", "w"});
  EXPECT_EQ(runs.code, 0);
  EXPECT_TRUE(runs.out.contains(" ok 1 page")) << runs.out;
  EXPECT_EQ(Json::parse(daemon_->ask({"runs", "w", "--json"}).out), daemon_->status("w")["runs"]);
  EXPECT_EQ(daemon_->ask({"status", "nobody"}).code, 1);
  EXPECT_EQ(daemon_->ask({"runs", "nobody"}).code, 1);
}

TEST_F(OperatorTest, WatchShowsAgainUntilInterrupted) {
  start({{{"id", "w"}}});
  Program watch({"status", "--watch", "--config", daemon_->config(), "--state", daemon_->state()});
  const auto lines = [&] {
    std::size_t count = 0;
    const auto text = watch.out();
    for (auto at = text.find("w "); at != std::string::npos; at = text.find("w ", at + 1)) ++count;
    return count;
  };
  EXPECT_TRUE(eventually([&] { return lines() >= 3; })) << watch.out();
  watch.signal(SIGINT);
  EXPECT_EQ(watch.wait(), 0);
}

TEST_F(OperatorTest, CheckAndProbe) {
  const Daemon good(yaml({{{"id", "w"}}}));
  auto said = good.ask({"check"});
  EXPECT_EQ(said.code, 0) << said.err;
  said = good.ask({"check", "--probe"});
  EXPECT_EQ(said.code, 0) << said.out;
  EXPECT_TRUE(said.out.contains("things") && said.out.contains("key id") && said.out.contains("resolves")) << said.out;
  const Daemon bad(yaml({{{"object_type", "thinks"}}, {{"id", "x"}, {"hook_url", "https://nowhere.invalid/"}}}));
  EXPECT_EQ(bad.ask({"check"}).code, 0) << "it does not look at databases";
  said = bad.ask({"check", "--probe", "--json"});
  EXPECT_EQ(said.code, 1);
  const auto findings = Json::parse(said.out)["webhooks"];
  EXPECT_TRUE(findings[0]["errors"][0].get<std::string>().contains("things")) << findings.dump(2);
  EXPECT_TRUE(findings[1]["errors"][0].get<std::string>().contains("nowhere.invalid")) << findings.dump(2);
  EXPECT_EQ(receiver_->counts().pages, 0);
}

TEST_F(OperatorTest, ProbeWarnsOfARoleThatMayWrite) {
  for (const auto* server : {"postgres15", "mariadb"}) {
    const auto shop = Shop::open(server);
    if (!shop) GTEST_SKIP() << "NO " << server << " IN THIS RUN";
    shop->run("CREATE TABLE things (id int PRIMARY KEY)");
    const Daemon daemon(yaml({{{"db_url", shop->db_url()}}}));
    auto said = daemon.ask({"check", "--probe"});
    EXPECT_EQ(said.code, 0) << said.out;
    EXPECT_FALSE(said.out.contains("may write")) << said.out;
    const auto role = shop->db_url().substr(shop->db_url().find("//") + 2);
    const auto name = role.substr(0, role.find(':'));
    shop->run("GRANT UPDATE ON things TO " + name + (shop->is_mysql() ? "@'%'" : ""));
    said = daemon.ask({"check", "--probe"});
    EXPECT_TRUE(said.out.contains("may write")) << said.out;
  }
}

TEST_F(OperatorTest, SchemaSecretAndVersion) {
  const auto schema = Json::parse(run({"schema"}).out);
  EXPECT_TRUE(schema.contains("$schema"));
  EXPECT_TRUE(schema["properties"].contains("webhooks"));
  const auto one = run({"secret"}).out, two = run({"secret"}).out;
  EXPECT_NE(one, two);
  EXPECT_TRUE(parse_webhook_secret(one.substr(0, one.size() - 1))) << one;
  const auto version = run({"version"});
  EXPECT_EQ(version.code, 0);
  for (const auto* part : {VHOOKD_VERSION, "SQLite", "curl", "OpenSSL"})
    EXPECT_TRUE(version.out.contains(part)) << part << " in\n" << version.out;
  for (const auto* command : {"run", "check", "status", "runs", "trigger", "pause", "resume", "reload", "dead",
                              "replay", "receive", "demo", "schema", "secret", "version"}) {
    const auto help = run({command, "--help"});
    EXPECT_EQ(help.code, 0) << command;
    EXPECT_TRUE(help.out.contains(std::string("vhookd ") + command)) << help.out;
  }
}

TEST_F(OperatorTest, ReceivePrintsWhatComes) {
  Program receive({"receive", "--port", "0", "--secret", secret});
  ASSERT_TRUE(receive.says("http://127.0.0.1:"));
  const auto said = receive.out() + receive.err();
  const auto from = said.find("http://127.0.0.1:");
  const auto url = said.substr(from, said.find_first_of(" \n,;", from) - from);
  start({{{"include_all", "true"}, {"hook_url", url}}});
  EXPECT_TRUE(receive.says("INITIAL-COMPLETE")) << receive.out() << receive.err();
  EXPECT_TRUE(daemon_->reaches("w", [](const Json& status) { return status["queued_pages"] == 0; }));
  receive.signal(SIGTERM);
  EXPECT_EQ(receive.wait(), 0);
}

TEST_F(OperatorTest, ReceiveSaysWhereItListensBesideItsJson) {
  Program receive({"receive", "--port", "0", "--json"});
  ASSERT_TRUE(receive.says("receiving at http://127.0.0.1:"));
  EXPECT_EQ(receive.out(), "");
  receive.signal(SIGTERM);
  EXPECT_EQ(receive.wait(), 0);
}

TEST_F(OperatorTest, DemoShowsWebhooksArriveAndCleansUp) {
  const auto said = run({"demo"}, {}, std::chrono::seconds(60));
  EXPECT_EQ(said.code, 0) << said.out << said.err;
  EXPECT_FALSE(said.out.contains("BAD")) << said.out;
  EXPECT_TRUE(said.out.contains("no gap, no duplicate")) << said.out;
  const auto from = said.out.find("(/") + 1;
  const std::filesystem::path shop = said.out.substr(from, said.out.find(')', from) - from);
  EXPECT_EQ(shop.filename(), "shop.db");
  EXPECT_FALSE(std::filesystem::exists(shop.parent_path())) << shop;
}

}  // namespace
}  // namespace vhookd::testing
