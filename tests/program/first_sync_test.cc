// How far a first sync has come, as the operator sees it.
#include <atomic>

#include "tests/program/fixture.h"
#include "tests/support/hook.h"
#include "tests/support/http_client.h"
#include "tests/support/node.h"
#include "tests/support/paths.h"

namespace vhookd::testing {
namespace {

class FirstSyncTest : public ProgramTest {
 protected:
  static constexpr int rows = 20'000;

  // A first sync that stands still in the middle: the receiver takes nothing, and the outbox is full at a part of it.
  void start_and_fill(const std::string& more_sql, const Keys& more = {}) {
    shop_->run("CREATE TABLE things (id INTEGER PRIMARY KEY, note TEXT)");
    shop_->run("INSERT INTO things SELECT i, 'a note that is long enough to fill pages ' || i FROM (" +
               shop_->numbers(rows) + ")");
    if (!more_sql.empty()) shop_->run(more_sql);
    Keys keys = {{"include_all", "true"}, {"hook_url", hook_.url()}, {"page_max_limit", "100"}};
    for (const auto& [name, value] : more) keys[name] = value;
    daemon_ = std::make_unique<Daemon>("api: {listen: '127.0.0.1:" + std::to_string(port_) +
                                       "'}\nlimits: {outbox_bytes: 1MiB}\n" + yaml({keys}));
    daemon_->start();
    EXPECT_TRUE(daemon_->reaches("w", [](const Json& status) { return status.contains("first_sync"); }));
    EXPECT_TRUE(eventually([&] { return daemon_->log().contains("outbox-full"); }));
  }
  Json first_sync() const { return daemon_->status("w")["first_sync"]; }

  std::atomic<bool> open_ = false;
  const Hook hook_{[this](std::size_t) { return open_ ? "200 OK" : "503 Later"; }};
  const int port_ = free_port();
};

TEST_F(FirstSyncTest, ShowsRowsRateAndTimeLeftUntilItIsDone) {
  start_and_fill("ANALYZE");
  const auto sync = first_sync();
  ASSERT_TRUE(sync.is_object());
  EXPECT_GT(sync["rows"], 0);
  EXPECT_LT(sync["rows"], rows);
  EXPECT_EQ(sync["expected_rows"], rows);
  EXPECT_GT(sync["rows_per_second"], 0);
  EXPECT_TRUE(sync.contains("seconds_left"));
  const auto table = daemon_->ask({"status"});
  EXPECT_TRUE(table.out.contains("first sync: ")) << table.out;
  EXPECT_TRUE(table.out.contains("%, ")) << table.out;
  EXPECT_TRUE(table.out.contains(" left")) << table.out;
  const auto page = ask_http(port_, "GET", "/webhook/w").body;
  EXPECT_TRUE(page.contains("First sync: ")) << page;
  EXPECT_TRUE(page.contains("<progress max=\"20000\"")) << page;
  EXPECT_TRUE(ask_http(port_, "GET", "/").body.contains("first sync: "));

  open_ = true;
  EXPECT_TRUE(daemon_->reaches("w", [](const Json& status) {
    return !status.contains("first_sync") && status.contains("checked_at") && status["queued_pages"] == 0;
  })) << daemon_->status("w");
  EXPECT_FALSE(daemon_->ask({"status"}).out.contains("first sync"));
}

TEST_F(FirstSyncTest, PromisesNoEndThatIsNotKnown) {
  start_and_fill("ANALYZE", {{"filters", "{id: {gte: 1}}"}});
  const auto sync = first_sync();
  EXPECT_GT(sync["rows"], 0);
  EXPECT_FALSE(sync.contains("expected_rows"));
  EXPECT_FALSE(sync.contains("seconds_left"));
  const auto table = daemon_->ask({"status"});
  EXPECT_TRUE(table.out.contains(" rows, ")) << table.out;
}

// script(1) gives the command a terminal of its own.
TEST_F(FirstSyncTest, ColoursAreForTerminals) {
  start_and_fill("");
  EXPECT_FALSE(daemon_->ask({"status"}).out.contains("\x1b["));
  std::string said;
  if (run_shell("command -v script > /dev/null", said) != 0) GTEST_SKIP() << "NO script(1) HERE: install bsdutils";
  const std::string command =
      build_dir() + "/vhookd status --config " + daemon_->config().string() + " --state " + daemon_->state().string();
  const auto on_terminal = [&](const std::string& environment) {
    EXPECT_EQ(run_shell("env -u NO_COLOR TERM=xterm " + environment + " timeout 20 script -qec '" + command +
                            "' /dev/null < /dev/null",
                        said),
              0)
        << said;
    return said;
  };
  EXPECT_TRUE(on_terminal("").contains("\x1b[")) << said;
  EXPECT_FALSE(on_terminal("NO_COLOR=1").contains("\x1b[")) << said;
  EXPECT_FALSE(on_terminal("TERM=dumb").contains("\x1b[")) << said;
  EXPECT_TRUE(said.contains("first sync: ")) << said;
}

}  // namespace
}  // namespace vhookd::testing
