// A process that polls and delivers as fast as it can is killed at odd moments. What it was told is on disk
// has to be there, and what is there has to fit together.
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>
#include <thread>

#include "tests/store/sqlite/backend.h"

namespace vhookd::testing {
namespace {

class CrashTest : public SqliteStoreTest {
 protected:
  // Never returns. Writes the next sequence to `told` after each commit that was taken.
  [[noreturn]] void live(int told) {
    const auto store = std::move(*open_store(folder_, clock_));
    auto next = store->polls().webhook("a")->next_sequence;
    for (int round = 1;; ++round) {
      auto poll = part("a", std::to_string(next + 2));
      poll.epoch = store->polls().webhook("a")->epoch + (round % 7 == 0 ? 1 : 0);
      poll.pages = {page(next), page(next + 1, std::string(9000, 'x'))};
      for (int i = 0; i < 300; ++i) poll.remember.push_back(row(key_of((round * 100 + i) % 5000), i));
      poll.forget = {key_of(round)};
      poll.forget_below = round % 3;
      if (!store->polls().commit(poll)) ::_exit(1);
      next += 2;
      if (::write(told, &next, sizeof next) != sizeof next) ::_exit(2);
      const auto head = store->outbox().head("a").value().value().page.sequence;
      if (!(round % 5 == 0 ? store->outbox().page_died("a", head, "x") : store->outbox().delivered("a", head)))
        ::_exit(3);
    }
  }

  std::int64_t number(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr), SQLITE_OK) << sqlite3_errmsg(db_);
    EXPECT_EQ(sqlite3_step(statement), SQLITE_ROW);
    const auto value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
  }

  void check_by_hand(std::uint64_t next) {
    ASSERT_EQ(sqlite3_open((folder_ + "/state.db").c_str(), &db_), SQLITE_OK);
    EXPECT_EQ(number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
    EXPECT_EQ(number("SELECT max(sequence) FROM page"), static_cast<std::int64_t>(next - 1));
    EXPECT_EQ(number("SELECT max(sequence) - min(sequence) + 1 - count(*) FROM page WHERE state = 0"), 0);
    EXPECT_EQ(number("SELECT count(*) FROM page") - number("SELECT count(*) FROM body"), 0);
    EXPECT_EQ(number("SELECT count(*) FROM page p JOIN body b ON b.number = p.body AND length(b.bytes) <> p.bytes"), 0);
    for (const auto* of : {"0", "(SELECT number FROM webhook)"}) {
      const std::string figures = " FROM outbox WHERE webhook = " + std::string(of);
      EXPECT_EQ(number("SELECT queued_pages" + figures), number("SELECT count(*) FROM page WHERE state = 0"));
      EXPECT_EQ(number("SELECT dead_pages" + figures), number("SELECT count(*) FROM page WHERE state = 1"));
      EXPECT_EQ(number("SELECT queued_bytes" + figures), number("SELECT sum(bytes) FROM page WHERE state = 0"));
    }
    EXPECT_EQ(
        number("SELECT known_rows FROM webhook"),
        number("SELECT sum(k.rows) FROM known_block k JOIN webhook w ON w.number = k.webhook AND w.epoch = k.epoch"));
    sqlite3_close(db_);
  }

  sqlite3* db_ = nullptr;
};

TEST_F(CrashTest, TwentyKillsLoseNothingThatWasTaken) {
  ok(store_->polls().webhook("a"));
  store_.reset();
  std::mt19937 random(::testing::UnitTest::GetInstance()->random_seed() + 7U);
  std::uint64_t told_in_all = 0;
  for (int kill = 0; kill < 20; ++kill) {
    SCOPED_TRACE(kill);
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) live(ends[1]);
    ::close(ends[1]);
    // It dies some commits later, somewhere on its way to the next.
    std::uint64_t told = 0;
    const auto commits = std::uniform_int_distribution<int>(1, 40)(random);
    for (int i = 0; i < commits; ++i) {
      ASSERT_EQ(::read(ends[0], &told, sizeof told), static_cast<ssize_t>(sizeof told));
    }
    for (auto turns = std::uniform_int_distribution<int>(0, 3000)(random); turns > 0; --turns)
      std::this_thread::yield();
    ::kill(child, SIGKILL);
    while (::read(ends[0], &told, sizeof told) == static_cast<ssize_t>(sizeof told)) {
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it ended by itself: " << WEXITSTATUS(status);

    open();
    const auto state = store_->polls().webhook("a").value();
    EXPECT_GE(state.next_sequence, told);
    EXPECT_LE(state.next_sequence, told + 2);
    EXPECT_EQ(state.checkpoint, std::to_string(state.next_sequence));
    store_.reset();
    check_by_hand(state.next_sequence);
    told_in_all = told;
  }
  EXPECT_GT(told_in_all, 40U);
}

}  // namespace
}  // namespace vhookd::testing
