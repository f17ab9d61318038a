// Group commit: a batch is one transaction, and a bad job in it is rolled back alone.
#include "store/sqlite/committer.h"

#include <sqlite3.h>

#include <atomic>
#include <thread>

#include "tests/store/sqlite/backend.h"

namespace vhookd::testing {
namespace {

class CommitterTest : public SqliteStoreTest {};

// A batch made by hand: the first job holds the others up until all of them wait.
TEST_F(CommitterTest, ABadJobInABatchIsRolledBackAlone) {
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
