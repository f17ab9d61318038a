// Polls that are left out because nothing was committed: nothing is missed by that, and nothing is written.
#include <unistd.h>

#include "tests/program/fixture.h"
#include "tests/support/sql_session.h"

namespace vhookd::testing {
namespace {

class IdleTest : public EveryDatabaseTest {
 protected:
  void SetUp() override {
    EveryDatabaseTest::SetUp();
    if (IsSkipped()) return;
    shop_->run("CREATE TABLE things (id int PRIMARY KEY, v int)");
    shop_->run("INSERT INTO things SELECT i, 0 FROM " + shop_->numbers(9));
  }
  void start_often(const std::vector<Keys>& webhooks) {
    std::vector<Keys> often = webhooks;
    for (auto& keys : often) keys["interval"] = "100ms";
    daemon_ = std::make_unique<Daemon>("log: {level: debug}\n" + yaml(often));
    daemon_->start();
    for (const auto& keys : often) polled(keys.contains("id") ? keys.at("id") : "w");
  }
  std::size_t left_out(const std::string& id = "w") const {
    std::size_t count = 0;
    const auto log = daemon_->log();
    const auto line = "unchanged webhook=" + id;
    for (auto at = log.find(line); at != std::string::npos; at = log.find(line, at + 1)) ++count;
    return count;
  }
  // Other tests write to the same servers, which wakes every webhook there.
  void wait_until_idle(const std::string& id = "w") {
    const auto before = left_out(id);
    EXPECT_TRUE(eventually([&] { return left_out(id) >= before + 2; })) << daemon_->log();
  }
  std::string changed(int id, int v) const {
    return "UPDATE things SET v = " + std::to_string(v) + " WHERE id = " + std::to_string(id);
  }
};

TEST_P(IdleTest, ChecksGoOnAndNothingIsWritten) {
  start_often({{}});
  wait_until_idle();
  const auto before = daemon_->status("w");
  const auto count = left_out();
  ASSERT_TRUE(eventually([&] { return left_out() >= count + 10; }));
  const auto after = daemon_->status("w");
  EXPECT_LT(before["checked_at"], after["checked_at"]);
  EXPECT_EQ(after["is_healthy"], true);
  if (shop_->is_sqlite()) {
    EXPECT_EQ(before["runs"], after["runs"]);
  }
  // A poll that somebody asks for is made.
  trigger();
  EXPECT_NE(daemon_->status("w")["runs"][0], before["runs"][0]);
  daemon_->stop();
  daemon_->start();
  EXPECT_GE(daemon_->status("w")["checked_at"], after["checked_at"]);
}

TEST_P(IdleTest, WhatIsCommittedAfterAPauseIsFound) {
  start_often({{}, {{"id", "gone"}, {"event", "deleted"}}});
  for (int i = 1; i <= 3; ++i) {
    wait_until_idle();
    shop_->run(changed(i, i));
    EXPECT_EQ(records(static_cast<std::size_t>(i)).back()["v"], i);
  }
  wait_until_idle("gone");
  shop_->run("DELETE FROM things WHERE id = 9");
  EXPECT_EQ(records_text(1, 0, "gone"), R"({"id":9})");
}

INSTANTIATE_TEST_SUITE_P(All, IdleTest, ::testing::Values("sqlite", "postgres15", "postgres18"), name_of_database);

class IdlePostgres : public IdleTest {};

// Each of these is open while polls are left out, and ends in its own way.
TEST_P(IdlePostgres, WhateverEndsIsSeen) {
  start_often({{}});
  const auto name = "'idle " + std::to_string(getpid()) + GetParam() + "'";
  const auto old = SqlSession::open(*shop_, GetParam());  // holds the horizon all the time
  old->run("BEGIN");
  old->run(changed(9, 9));
  const std::vector<std::vector<std::string>> endings = {
      {"COMMIT"},
      {"PREPARE TRANSACTION " + name, "COMMIT PREPARED " + name},
      {"SAVEPOINT s", changed(2, 20), "RELEASE s", "COMMIT"},
      {"SAVEPOINT s", changed(3, 30), "ROLLBACK TO s", "SAVEPOINT t", changed(4, 40), "COMMIT"},
  };
  std::size_t found = 0;
  for (std::size_t i = 0; i < endings.size(); ++i) {
    const auto session = SqlSession::open(*shop_, GetParam());
    session->run("BEGIN");
    session->run(changed(1, static_cast<int>(i) + 1));
    for (const auto& sql : endings[i]) {
      wait_until_idle();
      session->run(sql);
    }
    found += i < 2 ? 1 : 2;
    EXPECT_EQ(records(found).size(), found) << endings[i].back();
  }
  wait_until_idle();
  old->run("COMMIT");
  EXPECT_EQ(records(found + 1).back()["v"], 9);
}

TEST_P(IdlePostgres, WhatChangesWithoutACommitIsPolled) {
  shop_->run("CREATE VIEW clock AS SELECT 1 AS id, extract(epoch FROM clock_timestamp())::bigint AS v");
  shop_->run("GRANT SELECT ON clock TO PUBLIC");
  start_often({{{"object_type", "clock"}, {"key", "id"}}});
  EXPECT_GE(records(3).size(), 3U);
  EXPECT_EQ(left_out(), 0U);
}

INSTANTIATE_TEST_SUITE_P(All, IdlePostgres, ::testing::Values("postgres15", "postgres18"), name_of_database);

}  // namespace
}  // namespace vhookd::testing
