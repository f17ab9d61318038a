// What databases do to those who read them: sessions are killed, tables locked, no connection is left. The webhook
// waits and says so, the others go on, and it goes on by itself afterwards.
#include <algorithm>

#include "tests/program/engine_fixture.h"
#include "tests/support/sql_session.h"

namespace vhookd::testing {
namespace {

class DatabaseFaultsTest : public EngineTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    open_shop(GetParam());
    if (IsSkipped()) return;
    shop_->run("CREATE TABLE things (id int PRIMARY KEY, note varchar(20))");
    session_ = SqlSession::open(*shop_, GetParam());
    other_shop_ = Shop::open("sqlite");
    other_shop_->run("CREATE TABLE things (id INTEGER PRIMARY KEY, note TEXT)");
  }
  void add(int id) { shop_->run("INSERT INTO things VALUES (" + std::to_string(id) + ", 'x')"); }
  std::string reader() const {
    const auto url = shop_->db_url();
    const auto from = url.find("://") + 3;
    return url.substr(from, url.find(':', from) - from);
  }
  void kill_sessions() const {
    if (shop_->is_postgres()) {
      session_->rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + reader() + "'");
      return;
    }
    for (const auto& row :
         session_->rows("SELECT id FROM information_schema.processlist WHERE user = '" + reader() + "'")) {
      try {
        session_->run("KILL CONNECTION " + row.front());
      } catch (const Refused&) {  // it has gone by itself
      }
    }
  }
  std::vector<Keys> two_webhooks() const {
    return {{{"include_all", "true"}, {"interval", "200ms"}},
            {{"id", "other"}, {"db_url", other_shop_->db_url()}, {"include_all", "true"}, {"interval", "200ms"}}};
  }
  // Nobody else is held up.
  void expect_the_other_goes_on(int id) {
    other_shop_->run("INSERT INTO things VALUES (" + std::to_string(id) + ", 'x')");
    EXPECT_TRUE(eventually([&] {
      return std::ranges::any_of(records(0, "other"), [&](const Json& record) { return record["id"] == id; });
    })) << "row "
        << id << " of another database";
  }

  std::unique_ptr<SqlSession> session_;
  std::unique_ptr<Shop> other_shop_;
};

TEST_P(DatabaseFaultsTest, KilledSessionsAreNoFaultOfTheWebhook) {
  add(1);
  start(two_webhooks());
  for (int id = 2; id < 6; ++id) {
    kill_sessions();
    add(id);
    EXPECT_EQ(records(static_cast<std::size_t>(id)).size(), static_cast<std::size_t>(id));
  }
  EXPECT_EQ(daemon_->status("w")["is_healthy"], true);
  expect_the_other_goes_on(1);
  EXPECT_EQ(receiver_->counts().gaps, 0);
}

TEST_P(DatabaseFaultsTest, NoConnectionLeft) {
  const auto limit = [this](bool limited) {
    if (shop_->is_postgres()) {
      shop_->run("ALTER ROLE " + reader() + " CONNECTION LIMIT " + (limited ? "0" : "-1"));
    } else {
      shop_->run("ALTER USER " + reader() + "@'%' WITH MAX_CONNECTIONS_PER_HOUR " + (limited ? "1" : "0"));
      shop_->run("FLUSH USER_RESOURCES");
    }
  };
  add(1);
  start(two_webhooks());
  limit(true);
  EXPECT_TRUE(eventually([&] {
    kill_sessions();
    return daemon_->status("w")["is_healthy"] == false;
  }));
  const auto status = daemon_->status("w");
  EXPECT_TRUE(status.value("last_error", "").contains(shop_->is_postgres() ? "connection" : "max_connections_per_hour"))
      << status.dump(2);
  EXPECT_TRUE(daemon_->log().contains("poll-failed webhook=w"));
  expect_the_other_goes_on(1);
  EXPECT_EQ(daemon_->status("other")["is_healthy"], true);
  add(2);
  limit(false);
  EXPECT_EQ(records(2).size(), 2U);
  EXPECT_TRUE(daemon_->reaches(
      "w", [](const Json& seen) { return seen["is_healthy"] == true && !seen.contains("last_error"); }));
}

TEST_P(DatabaseFaultsTest, ALockedTableRunsIntoTheStatementTimeout) {
  shop_->run("CREATE TABLE neighbours (id int PRIMARY KEY)");
  shop_->run("INSERT INTO neighbours VALUES (1)");
  add(1);
  auto webhooks = two_webhooks();
  webhooks.push_back({{"id", "same"}, {"object_type", "neighbours"}, {"include_all", "true"}, {"interval", "200ms"}});
  run_engine(webhooks, clock_, {.statement_timeout = std::chrono::milliseconds(700)});
  EXPECT_EQ(records(1).size(), 1U);
  session_->run(shop_->is_postgres() ? "BEGIN" : "LOCK TABLES things WRITE");
  if (shop_->is_postgres()) session_->run("LOCK TABLE things IN ACCESS EXCLUSIVE MODE");
  session_->run("INSERT INTO things VALUES (2, 'x')");
  // Until something commits somewhere on the server, a poll has nothing to find and is left out.
  shop_->run("INSERT INTO neighbours VALUES (2)");
  EXPECT_TRUE(eventually([&] { return !status("w").healthy; })) << status("w").last_error;
  EXPECT_TRUE(status("w").last_error.contains("time")) << status("w").last_error;
  expect_the_other_goes_on(1);
  EXPECT_EQ(records(2, "same").size(), 2U) << "another table of the same database";
  EXPECT_EQ(records(1).size(), 1U);
  session_->run(shop_->is_postgres() ? "COMMIT" : "UNLOCK TABLES");
  EXPECT_EQ(records(2).size(), 2U);
  EXPECT_TRUE(eventually([&] { return status("w").healthy && status("w").last_error.empty(); }));
}

INSTANTIATE_TEST_SUITE_P(, DatabaseFaultsTest, ::testing::Values("postgres15", "postgres18", "mariadb", "mysql"),
                         name_of_database);

}  // namespace
}  // namespace vhookd::testing
