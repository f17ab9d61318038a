// A poll of many parts: each is committed while the next is read, and what a commit finds ends the poll.
#include "daemon/engine/poller.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "config/load.h"
#include "connectors/connector.h"
#include "store/store.h"

namespace vhookd {
namespace {

class StandingClock final : public Clock {
 public:
  Instant now() const override { return Instant(std::chrono::seconds(1'800'000'000)); }
  Tick tick() const override { return Tick(std::chrono::seconds(1)); }
};

class Observer final : public PollObserver {
 public:
  Observer(std::function<void()> queued, std::function<bool()> may_queue)
      : queued_(std::move(queued)), may_queue_(std::move(may_queue)) {}
  void pages_queued(const std::string&) override { queued_(); }
  bool may_queue(const std::string&) override { return may_queue_(); }
  void progressed(const std::string&, std::int64_t, std::optional<std::int64_t>) override {}
  bool stopping() override { return false; }
  void made_progress() override {}

 private:
  std::function<void()> queued_;
  std::function<bool()> may_queue_;
};

class PollerTest : public ::testing::Test {
 protected:
  static constexpr int rows = 1000;
  static constexpr int page_rows = 10;
  static constexpr int ids_a_page = 2;  // its own and the nonce

  PollerTest() {
    std::string name = ::testing::TempDir() + "vhookd-poller-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    store_ = std::move(*open_store(folder_, clock_));
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open((folder_ + "/shop.db").c_str(), &db), SQLITE_OK);
    const std::string sql =
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); WITH RECURSIVE n(i) AS (SELECT 1 "
        "UNION "
        "ALL SELECT i + 1 FROM n WHERE i < " +
        std::to_string(rows) + ") INSERT INTO t SELECT i, 'v' || i FROM n";
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(db);
    std::ofstream(folder_ + "/vhookd.yaml")
        << "webhooks: [{id: a, db_url: 'sqlite://" << folder_
        << "/shop.db', object_type: t, event: updated, include_all: true, page_max_limit: " << page_rows
        << ", connection_id: c, hook_url: 'http://127.0.0.1:1/'}]\n";
    config_ = std::move(*config::load(folder_ + "/vhookd.yaml", {}));
    session_ = std::move(*connect(webhook().database, {}));
  }
  ~PollerTest() override {
    session_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  const config::Webhook& webhook() const { return config_.webhooks.front(); }

  // One page a part. `queued` is called with each commit with pages.
  PollOutcome poll(
      bool concurrently, std::function<void()> queued, std::function<bool()> may_queue = [] { return true; }) {
    Observer observer(std::move(queued), std::move(may_queue));
    Poller poller(store_->polls(), clock_, observer,
                  {.random_id =
                       [this] {
                         const std::lock_guard lock(mutex_);
                         ++ids_;
                         turned_.notify_all();
                         return std::to_string(ids_);
                       },
                   .commit_concurrently = concurrently,
                   .sizes = {.part_bytes = 1, .part_known_rows = 3, .range_rows = std::nullopt}});
    return poller.poll(webhook(), *session_, {});
  }

  std::string folder_;
  StandingClock clock_;
  std::unique_ptr<Store> store_;
  config::Config config_;
  std::unique_ptr<Source> session_;
  std::mutex mutex_;
  std::condition_variable turned_;
  int ids_ = 0;
};

TEST_F(PollerTest, ReadsOnWhileAPartIsCommitted) {
  bool read_on = true;
  int parts = 0;
  const auto outcome = poll(true, [&] {
    std::unique_lock lock(mutex_);
    ++parts;  // of a page each, but for the last, which is committed when all is read
    if (parts < rows / page_rows - 1 && read_on)
      read_on = turned_.wait_for(lock, std::chrono::seconds(60), [&] { return ids_ > parts * ids_a_page; });
  });
  EXPECT_EQ(ids_, rows / page_rows * ids_a_page);
  EXPECT_TRUE(outcome.run.ok) << outcome.run.error;
  EXPECT_TRUE(outcome.complete);
  EXPECT_TRUE(read_on);
  EXPECT_GT(parts, 10);
  EXPECT_EQ(outcome.run.records, rows);
  EXPECT_EQ(store_->polls().webhook("a")->queued_pages, rows / page_rows);
  EXPECT_EQ(store_->polls().webhook("a")->next_sequence, 1U + rows / page_rows);
}

TEST_F(PollerTest, GoesNoFurtherThanThePartThatFilledTheOutbox) {
  for (const bool concurrently : {true, false}) {
    const auto before = store_->polls().webhook("a")->queued_pages;
    int parts = 0;
    const auto outcome = poll(
        concurrently, [&] { ++parts; }, [] { return false; });
    EXPECT_TRUE(outcome.run.ok) << outcome.run.error;
    EXPECT_FALSE(outcome.complete);
    EXPECT_TRUE(outcome.no_room);
    EXPECT_EQ(parts, 1);
    EXPECT_EQ(store_->polls().webhook("a")->queued_pages - before, outcome.run.pages) << concurrently;
  }
  const auto outcome = poll(true, [] {});
  EXPECT_TRUE(outcome.complete) << "what was gathered and left comes again";
  EXPECT_EQ(store_->polls().webhook("a")->queued_pages, rows / page_rows);
}

TEST_F(PollerTest, FailsWithThePartThatCouldNotBeCommitted) {
  const auto outcome = poll(true, [&] { (void)store_->records().forget("a"); });
  EXPECT_FALSE(outcome.run.ok);
  EXPECT_FALSE(outcome.complete);
  EXPECT_FALSE(outcome.at_database);
  EXPECT_EQ(outcome.recourse, Recourse::give_up);
  EXPECT_TRUE(outcome.run.error.contains("was forgotten")) << outcome.run.error;
}

}  // namespace
}  // namespace vhookd
