// `vhookd explain`: what it shows of each way to poll is what the daemon then does.
#include <fstream>

#include "tests/program/fixture.h"
#include "tests/support/sql_session.h"

namespace vhookd::testing {
namespace {

constexpr auto canary = "CaNaRy-0b5e";

class ExplainTest : public EveryDatabaseTest {
 protected:
  void SetUp() override {
    EveryDatabaseTest::SetUp();
    if (IsSkipped()) return;
    const auto time = shop_->is_postgres() ? "timestamptz" : shop_->is_mysql() ? "timestamp(6)" : "TEXT";
    shop_->run("CREATE TABLE things (id INTEGER PRIMARY KEY, note VARCHAR(60), created_at " + std::string(time) +
               " NOT NULL DEFAULT '2026-01-01 00:00:00', updated_at " + time +
               " NOT NULL DEFAULT '2026-01-01 00:00:00', gone INTEGER)");
    shop_->run(R"(INSERT INTO things (id, note) SELECT i, 'a, [b], {"c"} \" ' FROM )" + shop_->numbers(7));
  }

  Ended explain(const std::vector<Keys>& webhooks, Arguments more = {}, const Environment& environment = {}) {
    std::ofstream(folder_.path() / "vhookd.yaml") << yaml(webhooks);
    const auto id = webhooks.front().contains("id") ? webhooks.front().at("id") : "w";
    more.insert(more.begin(), {"explain", id, "--config", (folder_.path() / "vhookd.yaml").string()});
    return run(more, environment);
  }
  Json explained(const Keys& keys) {
    const auto said = explain({keys}, {"--json"});
    EXPECT_EQ(said.code, 0) << said.err;
    EXPECT_EQ(said.err, "");
    return Json::parse(said.out, nullptr, false);
  }
  static Json without_times(Json body) {
    for (const auto* name : {"created_at", "updated_at"}) body["webhook"].erase(name);
    for (const auto* name : {"nonce", "sig256"}) body.erase(name);
    return body;
  }

  const TempFolder folder_;
};

TEST_P(ExplainTest, TheFirstPageIsTheOneTheDaemonSends) {
  std::vector<Keys> ways = {{{"event", "updated"}},
                            {{"event", "created"}},
                            {{"event", "updated"}, {"detect", "snapshot"}},
                            {{"event", "updated"}, {"detect", "timestamp"}, {"fields", "note, id"}},
                            {{"event", "created"}, {"detect", "timestamp"}, {"filters", "{id: {gt: 2}}"}},
                            {{"event", "updated"}, {"include_created", "false"}},
                            {{"event", "updated"}, {"page_max_limit", "500"}},
                            {{"event", "updated"}, {"include_all", ""}, {"checked_at", "2025-12-31T00:00:00Z"}}};
  for (std::size_t i = 0; i < ways.size(); ++i) {
    ways[i]["id"] = "way-" + std::to_string(i);
    ways[i].insert({{"include_all", "true"}, {"page_max_limit", "3"}});
  }
  start(ways);
  for (const auto& way : ways) {
    const auto shown = explained(way);
    const auto sent = pages(1, way.at("id")).at(0);
    const auto body = shown["first_page"]["body"].get<std::string>();
    EXPECT_EQ(without_times(Json::parse(body)), without_times(Json::parse(sent.body))) << shown.dump(2);
    EXPECT_TRUE(body.contains(sent.data)) << "byte by byte";
    EXPECT_EQ(shown["first_page"]["records"], sent.records);
    const auto text = explain({way}).out;
    EXPECT_TRUE(text.contains("\n  " + Json::parse(sent.data)[0].dump() + "\n")) << text;
  }
}

TEST_P(ExplainTest, SendsNothingAndKeepsNothing) {
  const auto shown = explained({{"event", "updated"}});
  EXPECT_EQ(shown["first_page"]["records"], 7) << "as if include_all were set";
  EXPECT_TRUE(shown["first_page"]["remark"].get<std::string>().contains("sends nothing of what is there")) << shown;
  EXPECT_TRUE(receiver_->history().empty());
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
    EXPECT_EQ(entry.path().filename(), "vhookd.yaml");
}

TEST_P(ExplainTest, ADeletionIsShownOfARowThatIsThere) {
  const auto gone = explained({{"event", "deleted"}, {"filters", "{id: 5}"}});
  EXPECT_EQ(gone["strategy"], "snapshot");
  EXPECT_TRUE(gone["first_page"]["body"].get<std::string>().contains(R"("data":[{"id":5}])")) << gone.dump(2);
  ASSERT_EQ(gone["poll"].size(), 3U) << gone.dump(2);
  EXPECT_TRUE(gone["poll"][0]["sql"].get<std::string>().contains("vhookd_fingerprint")) << gone.dump(2);
  EXPECT_EQ(gone["poll"][2]["values"], Json::parse(R"(["5"])"));
  shop_->run("DELETE FROM things");
  EXPECT_FALSE(explained({{"event", "deleted"}})["first_page"].contains("body"));
}

TEST_P(ExplainTest, EachWayToPollSaysWhatItPromises) {
  const auto words = [&](const Keys& keys) {
    const auto shown = explained(keys);
    return shown["strategy"].get<std::string>() + " " + shown.value("auto", "") + shown["guarantee"].dump();
  };
  const auto by_itself = words({{"event", "updated"}});
  EXPECT_TRUE(by_itself.starts_with(shop_->is_postgres() ? "xid" : "snapshot")) << by_itself;
  const auto timestamp = words({{"event", "updated"}, {"detect", "timestamp"}, {"lookback", "5m"}});
  EXPECT_TRUE(timestamp.contains("commits within 5m")) << timestamp;
  EXPECT_TRUE(timestamp.contains("leave updated_at as it is")) << timestamp;
  EXPECT_TRUE(timestamp.contains("detect: snapshot")) << timestamp;
  EXPECT_EQ(timestamp.contains("detect: xid"), shop_->is_postgres()) << timestamp;
  EXPECT_EQ(timestamp.contains("GRANT PROCESS"), shop_->is_mysql()) << timestamp;
  EXPECT_TRUE(timestamp.starts_with(shop_->is_postgres() ? "timestamp xid: " : "timestamp snapshot: ")) << timestamp;
  const auto soft = words({{"event", "deleted"}, {"deleted_column", "gone"}});
  EXPECT_TRUE(soft.contains("also counts as deleted once")) << soft;
  if (shop_->is_sqlite()) {
    shop_->run("CREATE TABLE bare (v)");
    const auto bare = words({{"object_type", "bare"}, {"event", "updated"}});
    EXPECT_TRUE(bare.contains("VACUUM, which may number the rows") && bare.contains("a primary key")) << bare;
    EXPECT_FALSE(by_itself.contains("VACUUM")) << by_itself;
    return;
  }
  shop_->run("CREATE VIEW seen AS SELECT * FROM things");
  const auto view = words({{"object_type", "seen"}, {"event", "updated"}, {"key", "id"}});
  EXPECT_TRUE(view.starts_with("snapshot") && view.contains("a view is what its query says")) << view;
}

TEST_P(ExplainTest, TheServersOwnPlanIsShownWithoutAnyValue) {
  shop_->run("CREATE INDEX moved ON things (updated_at)");
  shop_->run("INSERT INTO things (id, note) SELECT i + 100, 'more' FROM " + shop_->numbers(400));
  const auto shown = explained({{"event", "updated"}, {"detect", "timestamp"}, {"filters", "{note: pla1n-value}"}});
  const auto scan = shown["poll"].back();
  ASSERT_TRUE(scan.contains("plan")) << shown.dump(2);
  EXPECT_TRUE(scan["plan"].dump().contains("things")) << scan.dump(2);
  EXPECT_FALSE(scan["plan"].dump().contains("pla1n-value")) << scan.dump(2);
  if (shop_->is_sqlite()) {
    EXPECT_TRUE(scan["plan"].dump().contains("moved")) << scan.dump(2);
  }
  EXPECT_TRUE(explain({{{"event", "updated"}}}).out.contains("the server: ")) << "in words too";
}

TEST_P(ExplainTest, SaysInWhichEpochTheRunningDaemonIs) {
  start({{}});
  const auto said =
      run({"explain", "w", "--config", daemon_->config().string()}, {{"STATE_DIRECTORY", daemon_->state().string()}});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_TRUE(said.out.contains("epoch 1, last poll 20")) << said.out;
  EXPECT_FALSE(explain({{}}).out.contains("last poll")) << "no daemon of its own";
  EXPECT_TRUE(daemon_->ask({"explain", "w"}).out.contains("epoch 1, last poll 20")) << "named with --state";
}

TEST_P(ExplainTest, TheIndexToAddIsTheOneThatServes) {
  const Keys timestamp = {{"event", "updated"}, {"detect", "timestamp"}};
  auto index = explained(timestamp)["index"];
  EXPECT_TRUE(index["used"].is_null()) << index;
  ASSERT_TRUE(index["missing"].is_string()) << index;
  const auto said = explain({timestamp}).out;
  EXPECT_TRUE(said.contains(index["missing"].get<std::string>())) << said;
  shop_->run(index["missing"]);
  index = explained(timestamp)["index"];
  EXPECT_TRUE(index["used"].is_string()) << index;
  EXPECT_TRUE(index["missing"].is_null()) << index;
  EXPECT_TRUE(index["cost"].get<std::string>().contains("in its order")) << index;
  if (shop_->is_sqlite()) {
    const auto session = SqlSession::open(*shop_, GetParam());
    const auto scan = explained(timestamp)["poll"].back();
    auto sql = "EXPLAIN QUERY PLAN " + scan["sql"].get<std::string>();
    for (const auto& value : scan["values"]) sql.replace(sql.find('?'), 1, value.get<std::string>());
    EXPECT_TRUE(session->rows(sql).at(0).at(3).contains("USING INDEX " + index["used"].get<std::string>())) << sql;
  }
}

TEST_P(ExplainTest, NoSecretIsShown) {
  const Environment secrets = {{"EXPLAIN_CANARY", canary}};
  const Keys keys = {{"filters", R"({note: ["${env:EXPLAIN_CANARY}", plain], id: {lt: 100}})"},
                     {"hook_url", "https://app.example/${env:EXPLAIN_CANARY}"},
                     {"headers", R"({x-token: "${env:EXPLAIN_CANARY}"})"}};
  for (const Arguments& as : {Arguments{}, Arguments{"--json"}}) {
    const auto said = explain({keys}, as, secrets);
    EXPECT_EQ(said.code, 0) << said.err;
    EXPECT_FALSE((said.out + said.err).contains(canary)) << said.out << said.err;
    EXPECT_FALSE((said.out + said.err).contains(secret)) << said.out << said.err;
    if (!shop_->password().empty()) {
      EXPECT_FALSE((said.out + said.err).contains(shop_->password())) << said.out;
    }
    EXPECT_TRUE(said.out.contains("***") && said.out.contains("'plain'") && said.out.contains("100")) << said.out;
  }
  // PostgreSQL quotes what it can't read.
  const auto refused =
      explain({{{"filters", R"({id: "${env:EXPLAIN_CANARY}"})"}, {"include_all", "true"}}}, {}, secrets);
  EXPECT_FALSE((refused.out + refused.err).contains(canary)) << refused.out << refused.err;
  EXPECT_EQ(refused.code, shop_->is_postgres() ? 1 : 0) << refused.err;
}

// The same words of the server reach the log, the status and the state.
TEST_P(ExplainTest, NorByTheDaemon) {
  const Keys keys = {{"filters", R"({id: "${env:EXPLAIN_CANARY}"})"}, {"include_all", "true"}};
  daemon_ = std::make_unique<Daemon>(yaml({keys}), Environment{{"EXPLAIN_CANARY", canary}});
  daemon_->start();
  daemon_->trigger("w");
  const auto status = daemon_->ask({"status", "w", "--json"}).out + daemon_->ask({"runs", "w"}).out;
  EXPECT_EQ(daemon_->stop(), 0);
  EXPECT_FALSE((status + daemon_->log()).contains(canary)) << status << daemon_->log();
  EXPECT_EQ(daemon_->log().contains("***"), shop_->is_postgres()) << daemon_->log();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(daemon_->state())) {
    if (entry.is_regular_file()) {
      EXPECT_FALSE(read_file(entry.path()).contains(canary)) << entry.path();
    }
  }
}

TEST_P(ExplainTest, WhatDoesNotWorkIsSaid) {
  const auto expect = [](const Ended& said, int code, const std::string& words) {
    EXPECT_EQ(said.code, code) << said.out << said.err;
    EXPECT_TRUE(said.err.contains(words)) << said.err;
    EXPECT_EQ(said.out, "");
  };
  std::ofstream(folder_.path() / "vhookd.yaml") << yaml({{{"id", "orders"}}, {{"id", "people"}}});
  const auto config = (folder_.path() / "vhookd.yaml").string();
  expect(run({"explain", "order", "--config", config}), 1, "no webhook has the id \"order\"; did you mean orders?");
  expect(run({"explain", "zzz", "--config", config}), 1, "expected one of orders, people");
  expect(run({"explain", "orders", "--config", config + "x"}), 78, "vhookd.yamlx");
  expect(explain({{{"evnt", "updated"}}}), 78, "evnt");
  expect(explain({{{"object_type", "thing"}}}), 1, "things");
  expect(explain({{{"fields", "nope"}}}), 1, "has no column nope");
  expect(run({"explain"}), 64, "usage: vhookd explain ID [--json]");
  auto nowhere = yaml({{}});
  const auto url = shop_->db_url();
  nowhere.replace(nowhere.find(url), url.size(), url + "_not_there");
  std::ofstream(config, std::ios::trunc) << nowhere;
  const auto said = run({"explain", "w", "--config", config});
  EXPECT_EQ(said.code, 1) << said.err;
  EXPECT_TRUE(said.err.contains("not_there")) << said.err;
}

INSTANTIATE_TEST_SUITE_P(All, ExplainTest, every_database, name_of_database);

class ExplainNarrow : public ExplainTest {
 protected:
  void SetUp() override {
    ExplainTest::SetUp();
    if (!IsSkipped()) call_large();
  }
  void call_large() { shop_->run("UPDATE pg_class SET reltuples = 5000000 WHERE relname = 'things'"); }
};

TEST_P(ExplainNarrow, ALargeTableIsNarrowedByAnIndexOrToldOfOne) {
  const auto wide = explained({});
  EXPECT_FALSE(wide["reason"].get<std::string>().contains("narrowed")) << wide["reason"];
  EXPECT_TRUE(wide["guarantee"].dump().contains("no lag")) << wide["guarantee"];
  ASSERT_TRUE(wide["index"]["missing"].is_string()) << wide["index"];
  EXPECT_FALSE(wide.contains("full_sweep"));
  shop_->run(wide["index"]["missing"]);
  call_large();
  const auto narrow = explained({{"lookback", "5m"}});
  EXPECT_EQ(narrow["strategy"], "xid");
  const auto name = narrow["index"]["used"].get<std::string>();
  EXPECT_TRUE(narrow["reason"].get<std::string>().contains("narrowed by index " + name + " on updated_at"))
      << narrow["reason"];
  const auto promised = narrow["guarantee"]["promised"].dump();
  EXPECT_TRUE(promised.contains("one whose updated_at was not moved comes with the next full sweep, at most 1h later"))
      << promised;
  EXPECT_TRUE(promised.contains("no more than 5m (lookback)")) << promised;
  EXPECT_TRUE(narrow["guarantee"]["for_the_whole"].dump().contains("detect: xid")) << narrow["guarantee"];
  EXPECT_TRUE(narrow["index"]["cost"].get<std::string>().contains("100 times as long")) << narrow["index"];
  const auto scan = narrow["poll"][1];
  EXPECT_TRUE(scan["sql"].get<std::string>().contains(R"(AND "updated_at" >= $)")) << scan;
  EXPECT_TRUE(scan["plan"].dump().contains(name)) << scan;
  EXPECT_FALSE(narrow["poll"].dump().contains("count(*)")) << narrow["poll"];
  EXPECT_FALSE(narrow["full_sweep"][1]["sql"].get<std::string>().contains(">=")) << narrow["full_sweep"];
  EXPECT_TRUE(narrow["full_sweep"].dump().contains("count(*)")) << narrow["full_sweep"];
  const auto text = explain({{}}).out;
  EXPECT_TRUE(text.contains("\nSQL OF A FULL SWEEP, at a longer interval\n")) << text;
}

TEST_P(ExplainNarrow, WhoAsksForXidGetsThePlainMethod) {
  shop_->run("CREATE INDEX moved ON things (updated_at)");
  call_large();
  const auto plain = explained({{"detect", "xid"}});
  EXPECT_FALSE(plain.contains("full_sweep")) << plain.dump(2);
  EXPECT_TRUE(plain["index"]["used"].is_null() && plain["index"]["missing"].is_null()) << plain["index"];
  EXPECT_TRUE(plain["guarantee"].dump().contains("no lag")) << plain["guarantee"];
  EXPECT_TRUE(plain["auto"].get<std::string>().contains("narrowed by index moved")) << plain["auto"];
}

INSTANTIATE_TEST_SUITE_P(All, ExplainNarrow, ::testing::Values("postgres15", "postgres18"), name_of_database);

class ExplainPostgres : public ExplainTest {
 protected:
  std::string open_now() {
    const auto shown = explained({{"event", "updated"}});
    return shown["open_transactions"].dump();
  }
};

TEST_P(ExplainPostgres, SaysWhoHoldsTheHorizon) {
  const auto session = SqlSession::open(*shop_, GetParam());
  const auto pid = session->rows("SELECT pg_backend_pid()").at(0).at(0);
  session->run("BEGIN");
  session->run("UPDATE things SET gone = 1 WHERE id = 1");
  const auto xid = session->rows("SELECT pg_current_xact_id()").at(0).at(0);
  const auto who = "session " + pid + " of postgres";
  // Other tests' sessions at this server may be older.
  std::string said;
  ASSERT_TRUE(eventually([&] { return (said = open_now()).contains(who); })) << said;
  EXPECT_TRUE(said.contains("horizon " + xid)) << said;
  EXPECT_TRUE(said.contains("hidden from this role; GRANT pg_read_all_stats")) << said;
  const auto url = shop_->db_url();
  shop_->run("GRANT pg_read_all_stats TO " + url.substr(url.rfind('/') + 1));
  ASSERT_TRUE(eventually([&] { return (said = open_now()).contains(who); })) << said;
  EXPECT_TRUE(said.contains("idle in transaction; nothing waits for it")) << said;
  session->run("PREPARE TRANSACTION 'explained " + pid + "'");
  ASSERT_TRUE(eventually([&] { return (said = open_now()).contains("prepared transaction explained " + pid); }))
      << said;
  EXPECT_TRUE(said.contains("COMMIT or ROLLBACK PREPARED")) << said;
  const auto timestamp = explained({{"event", "updated"}, {"detect", "timestamp"}, {"lookback", "0s"}});
  EXPECT_TRUE(timestamp["open_transactions"].dump().contains("MISSED")) << timestamp.dump(2);
  session->run("ROLLBACK PREPARED 'explained " + pid + "'");
}

INSTANTIATE_TEST_SUITE_P(All, ExplainPostgres, ::testing::Values("postgres15", "postgres18"), name_of_database);

class ExplainMysql : public ExplainTest {};

TEST_P(ExplainMysql, SaysWhatPollsSeeOfTransactions) {
  const Keys keys = {{"event", "updated"}, {"detect", "timestamp"}, {"lookback", "1s"}};
  EXPECT_TRUE(explained(keys)["open_transactions"].dump().contains("GRANT PROCESS"));
  const auto config = (folder_.path() / "vhookd.yaml").string();
  const auto warned = [&] { return run({"check", "--probe", "--config", config}).out; };
  EXPECT_TRUE(warned().contains("commit more than 1s (lookback)")) << warned();
  const auto url = shop_->db_url();
  shop_->run("GRANT PROCESS ON *.* TO " + url.substr(url.rfind('/') + 1) + "@'%'");
  EXPECT_FALSE(warned().contains("commit more than")) << warned();
  const auto session = SqlSession::open(*shop_, GetParam());
  const auto thread = session->rows("SELECT connection_id()").at(0).at(0);
  session->run("BEGIN");
  session->run("UPDATE things SET gone = 1 WHERE id = 1");
  Json shown;
  EXPECT_TRUE(eventually([&] {
    session->rows("SELECT sleep(0.2)");  // InnoDB shows the past to who looks again within 100 ms
    shown = explained(keys);
    const auto said = shown["open_transactions"].dump();
    return said.contains("thread " + thread) && said.contains("polls stay below it");
  })) << shown.dump(2);
  EXPECT_TRUE(shown["guarantee"]["promised"].dump().contains("polls see what is under way")) << shown.dump(2);
  session->run("ROLLBACK");
}

INSTANTIATE_TEST_SUITE_P(All, ExplainMysql, ::testing::Values("mariadb", "mysql"), name_of_database);

}  // namespace
}  // namespace vhookd::testing
