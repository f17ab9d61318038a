// Transactions that stay open for longer than `lookback`: where the role has PROCESS, what they wrote arrives
// all the same.
#include <poll.h>

#include <atomic>
#include <thread>

#include "tests/program/fixture.h"
#include "tests/support/servers.h"
#include "tests/support/sql_session.h"

namespace vhookd::testing {

namespace {

using std::chrono::seconds;

class HorizonTest : public EveryDatabaseTest {
 protected:
  void SetUp() override {
    EveryDatabaseTest::SetUp();
    if (IsSkipped()) return;
    shop_->run(
        "CREATE TABLE things (id INT PRIMARY KEY, v INT, updated_at TIMESTAMP(6) NOT NULL DEFAULT "
        "CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), KEY (updated_at))");
    shop_->run("INSERT INTO things (id, v) SELECT i, 0 FROM " + shop_->numbers(20));
    const auto url = shop_->db_url();
    reader_ = url.substr(url.rfind('/') + 1);  // the reader's name is the database's
  }

  // Writes a row every 100 ms, so that the bound moves.
  void write_for(seconds time) {
    const Tick end = clock_.tick() + time;
    for (int v = 1; clock_.tick() < end; ++v) {
      shop_->run("UPDATE things SET v = " + std::to_string(v) + " WHERE id = 2");
      ::poll(nullptr, 0, 100);
    }
  }

  std::string reader_;
};

TEST_P(HorizonTest, LongTransactionsArriveWithProcess) {
  shop_->run("GRANT PROCESS ON *.* TO " + reader_ + "@'%'");
  start({{{"detect", "timestamp"}, {"interval", "100ms"}, {"lookback", "1s"}}});
  const auto late = SqlSession::open(*shop_, GetParam());
  late->run("BEGIN");
  late->run("UPDATE things SET v = -1 WHERE id = 1");
  write_for(seconds(5));
  late->run("COMMIT");
  trigger();
  expect_nothing_queued();
  EXPECT_TRUE(eventually([&] { return records_text(1).contains(R"("id":1,"v":-1)"); }));
  EXPECT_FALSE(daemon_->log().contains("poll-failed"));
}

// Somebody who looks at InnoDB's transactions all the time keeps everybody from seeing new ones.
TEST_P(HorizonTest, LongTransactionsArriveThoughInnodbShowsOldOnes) {
  shop_->run("GRANT PROCESS ON *.* TO " + reader_ + "@'%'");
  start({{{"detect", "timestamp"}, {"interval", "100ms"}, {"lookback", "1s"}}});
  write_for(seconds(2));
  const auto looker = SqlSession::open(*shop_, GetParam());
  std::atomic<int> looked = 0;
  const std::jthread looks([&](const std::stop_token& ended) {
    while (!ended.stop_requested()) {
      looker->rows("SELECT trx_id FROM information_schema.innodb_trx");
      ++looked;
      ::poll(nullptr, 0, 20);
    }
  });
  EXPECT_TRUE(eventually([&] { return looked > 10; }));
  const auto late = SqlSession::open(*shop_, GetParam());
  late->run("BEGIN");
  late->run("UPDATE things SET v = -1 WHERE id = 1");
  write_for(seconds(6));
  late->run("COMMIT");
  trigger();
  expect_nothing_queued();
  EXPECT_TRUE(eventually([&] { return records_text(1).contains(R"("id":1,"v":-1)"); }));
  EXPECT_FALSE(daemon_->log().contains("poll-failed"));
}

// A refused look at the transactions is no fault: `lookback` alone is what there is then.
TEST_P(HorizonTest, NothingFailsWithoutProcess) {
  start({{{"detect", "timestamp"}, {"interval", "100ms"}}});
  const auto late = SqlSession::open(*shop_, GetParam());
  late->run("BEGIN");
  late->run("UPDATE things SET v = -1 WHERE id = 1");
  write_for(seconds(2));
  late->run("COMMIT");
  trigger();
  expect_nothing_queued();
  EXPECT_TRUE(eventually([&] { return records_text(1).contains(R"("id":1,"v":-1)"); }));
  EXPECT_FALSE(daemon_->log().contains("poll-failed"));
}

INSTANTIATE_TEST_SUITE_P(Servers, HorizonTest, ::testing::Values("mariadb", "mysql"), name_of_database);

}  // namespace

}  // namespace vhookd::testing
