// Many threads at once: commits are shared, and none is lost, mixed up or spoiled by another's.
#include <sqlite3.h>

#include <atomic>
#include <thread>

#include "store/sqlite/committer.h"
#include "tests/store/fixture.h"

namespace vhookd::testing {
namespace {

class ThreadsTest : public StoreTest {};

TEST_F(ThreadsTest, EachFindsItsOwnAndTheBadSpoilNone) {
  constexpr int kThreads = 6;
  constexpr int kRounds = 60;
  std::atomic<int> failures = 0;
  std::atomic<int> wrongly_taken = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const std::string id = "w" + std::to_string(t);
      if (!store_->webhook(id)) ++failures;
      for (std::uint64_t round = 1; round <= kRounds; ++round) {
        auto poll = part(id, std::to_string(round));
        poll.pages = {page(round)};
        poll.remember = {row(key_of(static_cast<int>(round)))};
        if (!store_->commit(poll)) ++failures;
        if (store_->commit(poll)) ++wrongly_taken;  // the same sequence again
        if (round % 2 == 0 && !store_->delivered(id, round / 2)) ++failures;
      }
    });
  }
  threads.emplace_back([&] {
    for (int i = 0; i < kRounds; ++i) {
      if (!store_->with_queue() || !store_->outbox_bytes() || !store_->webhooks(std::vector<std::string>{"a"}))
        ++failures;
    }
  });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(wrongly_taken, 0);
  open();
  for (int t = 0; t < kThreads; ++t) {
    const auto state = store_->webhook("w" + std::to_string(t)).value();
    EXPECT_EQ(state.next_sequence, kRounds + 1U);
    EXPECT_EQ(state.checkpoint, std::to_string(kRounds));
    EXPECT_EQ(state.queued_pages, kRounds / 2);
    EXPECT_EQ(*store_->known_count(state.id), kRounds);
    EXPECT_EQ(store_->head(state.id).value()->page.sequence, kRounds / 2 + 1U);
  }
}

// A batch made by hand: the first job holds the others up until all of them wait.
TEST_F(ThreadsTest, ABadJobInABatchIsRolledBackAlone) {
  const std::string path = folder_ + "/other.db";
  sqlite3* made = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &made), SQLITE_OK);
  sqlite3_exec(made, "CREATE TABLE t (x INTEGER PRIMARY KEY)", nullptr, nullptr, nullptr);
  sqlite3_close(made);
  auto opened = Connection::open(path);
  ok(opened);
  Guarded<std::unique_ptr<Connection>> db(std::move(*opened));
  Committer committer(db);
  const auto insert = [](int number) {
    return [number](Connection& connection) -> Result<void> {
      connection.run("INSERT INTO t (x) VALUES (?)", number);
      if (number % 3 == 0) return fail(Recourse::give_up, "after it wrote");
      if (number % 3 == 1) connection.run("INSERT INTO t (x) VALUES (?)", number);  // breaks the key
      return {};
    };
  };
  std::vector<Result<void>> results(30);
  std::vector<std::thread> threads;
  std::atomic<int> begun = 0;
  threads.emplace_back([&] {
    results[0] = committer.commit([&](Connection&) -> Result<void> {
      while (begun < 29) std::this_thread::yield();
      return fail(Recourse::give_up, "the first");
    });
  });
  for (int i = 1; i < 30; ++i) {
    threads.emplace_back([&, i] {
      ++begun;
      results[static_cast<std::size_t>(i)] = committer.commit(insert(i));
    });
  }
  for (auto& thread : threads) thread.join();
  for (int i = 0; i < 30; ++i) {
    const auto& result = results[static_cast<std::size_t>(i)];
    EXPECT_EQ(result.has_value(), i % 3 == 2) << i;
    if (i % 3 == 1) {
      EXPECT_NE(result.error().message.find("UNIQUE"), std::string::npos);
    }
  }
  db.with([](auto& connection) {
    Select row(*connection, "SELECT count(*), sum(x % 3 = 2) FROM t");
    ASSERT_TRUE(row.next());
    EXPECT_EQ(row.integer(0), 10);
    EXPECT_EQ(row.integer(1), 10);
  });
}

}  // namespace
}  // namespace vhookd::testing
