// A PostgreSQL that is restarted, crashes, and comes back as a standby that lagged behind: its webhooks wait and say
// so, others go on, and what is written afterwards comes.
#include "tests/program/fixture.h"
#include "tests/support/own_postgres.h"

namespace vhookd::testing {
namespace {

class DatabaseRestartTest : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    server_ = OwnPostgres::start();
    if (!server_) GTEST_SKIP() << "NOT TESTED: needs Debian's postgresql-15 or -17";
    server_->run("CREATE TABLE things (id int PRIMARY KEY, v int)");
    shop_->run("CREATE TABLE things (id INTEGER PRIMARY KEY, v INTEGER)");
  }
  void put(int id, int v) const {
    server_->run("INSERT INTO things VALUES (" + std::to_string(id) + ", " + std::to_string(v) +
                 ") ON CONFLICT (id) DO UPDATE SET v = excluded.v");
  }
  // `w` reads the server, `other` the SQLite shop.
  void start_both() {
    start({{{"db_url", server_->url()}, {"include_all", "true"}, {"interval", "200ms"}},
           {{"id", "other"}, {"interval", "200ms"}, {"include_all", "true"}}});
  }
  std::map<int, int> received() {
    std::map<int, int> values;
    for (const auto& record : records(0)) values[record["id"]] = record["v"];
    return values;
  }
  void expect_received(const std::map<int, int>& values) {
    EXPECT_TRUE(eventually([&] { return received() == values; })) << ::testing::PrintToString(received());
  }
  void expect_told_and_the_other_goes_on(int id) {
    EXPECT_TRUE(daemon_->reaches("w", [](const Json& status) { return status["is_healthy"] == false; }));
    const auto status = daemon_->status("w");
    EXPECT_TRUE(status.value("last_error", "").contains("127.0.0.1")) << status.dump(2);
    shop_->run("INSERT INTO things VALUES (" + std::to_string(id) + ", 0)");
    EXPECT_EQ(records(static_cast<std::size_t>(id), "other").size(), static_cast<std::size_t>(id));
    EXPECT_EQ(daemon_->status("other")["is_healthy"], true);
  }
  void expect_well() {
    EXPECT_TRUE(daemon_->reaches(
        "w", [](const Json& status) { return status["is_healthy"] == true && !status.contains("last_error"); }));
    const auto counts = receiver_->counts();
    EXPECT_EQ(counts.gaps + counts.behind + counts.malformed, 0);
  }

  std::unique_ptr<OwnPostgres> server_;
};

TEST_F(DatabaseRestartTest, ARestartAndACrash) {
  put(1, 1);
  start_both();
  expect_received({{1, 1}});
  server_->stop();
  expect_told_and_the_other_goes_on(1);
  server_->go_on();
  put(2, 1);
  expect_received({{1, 1}, {2, 1}});
  expect_well();
  put(1, 2);
  server_->crash();
  expect_told_and_the_other_goes_on(2);
  server_->go_on();
  put(3, 1);
  expect_received({{1, 2}, {2, 1}, {3, 1}});
  expect_well();
  EXPECT_EQ(records(0).size(), 4U) << "nothing twice";
}

// Its transactions are numbered as before: numbers that were delivered already are used again for others.
TEST_F(DatabaseRestartTest, AFailoverToAStandbyThatLagged) {
  put(1, 1);
  put(2, 1);
  start_both();
  expect_received({{1, 1}, {2, 1}});
  server_->stop();
  server_->keep();
  server_->go_on();
  put(3, 1);  // lost to the standby
  for (int v = 2; v < 40; ++v) put(1, v);
  put(2, 7);
  expect_received({{1, 39}, {2, 7}, {3, 1}});
  server_->stop();
  server_->set_back();
  server_->go_on();
  put(4, 1);
  put(2, 50);
  // What the standby never had is not taken back; what it has is true, and comes.
  expect_received({{1, 1}, {2, 50}, {3, 1}, {4, 1}});
  EXPECT_TRUE(daemon_->program().says("poll-notice webhook=w"));
  expect_well();
  put(5, 1);
  expect_received({{1, 1}, {2, 50}, {3, 1}, {4, 1}, {5, 1}});
}

// The same while nobody looked: by the next poll it has counted past all that was read before.
TEST_F(DatabaseRestartTest, AFailoverToAStandbyThatRanOnBeforeTheNextPoll) {
  put(1, 1);
  put(2, 1);
  start_both();
  expect_received({{1, 1}, {2, 1}});
  server_->stop();
  server_->keep();
  server_->go_on();
  for (int v = 2; v < 20; ++v) put(1, v);
  expect_received({{1, 19}, {2, 1}});
  daemon_->stop();
  server_->stop();
  server_->set_back();
  server_->go_on();
  put(2, 7);
  for (int v = 0; v < 60; ++v) put(3, v);
  daemon_->start();
  expect_received({{1, 1}, {2, 7}, {3, 59}});
  EXPECT_TRUE(daemon_->program().says("poll-notice webhook=w"));
  expect_well();
}

}  // namespace
}  // namespace vhookd::testing
