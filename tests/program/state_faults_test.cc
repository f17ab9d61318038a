// What the whole daemon does where its state can't be written, read or understood: nothing is lost, nothing is sent
// that is not recorded, the operator is told, and it goes on by itself once it can.
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <fstream>

#include "store/sqlite/schema.h"
#include "tests/program/fixture.h"
#include "tests/support/hook.h"

namespace vhookd::testing {
namespace {

namespace fs = std::filesystem;

class StateFaultsTest : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    shop_->run("CREATE TABLE things (id INTEGER PRIMARY KEY, pad TEXT)");
  }
  void add(int first, int last) {
    for (int id = first; id <= last; ++id)
      shop_->run("INSERT INTO things VALUES (" + std::to_string(id) + ", printf('%.20000c', 'x'))");
  }
  // The daemon says so until it is mended: in the run, the status and the log.
  void expect_told(const std::string& words) {
    EXPECT_TRUE(daemon_->reaches("w", [&](const Json& status) {
      return status["is_healthy"] == false && status.value("last_error", "").contains(words);
    })) << daemon_->status("w").dump(2);
    EXPECT_TRUE(daemon_->program().says("state-failed"));
  }
  void expect_mended(std::size_t rows) {
    EXPECT_TRUE(daemon_->reaches("w", [](const Json& status) {
      return status["is_healthy"] == true && !status.contains("last_error") && status["queued_pages"] == 0;
    })) << daemon_->status("w").dump(2);
    EXPECT_EQ(records(rows).size(), rows);
    const auto counts = receiver_->counts();
    EXPECT_EQ(counts.gaps + counts.behind + counts.malformed, 0);
    EXPECT_EQ(counts.duplicates, 0) << "a page taken while nothing could be written came again";
  }
  std::string state_sql(const std::string& sql) const {
    sqlite3* db = nullptr;
    std::string said;
    EXPECT_EQ(sqlite3_open((daemon_->state() / "state.db").c_str(), &db), SQLITE_OK);
    if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) said = sqlite3_errmsg(db);
    sqlite3_close(db);
    return said;
  }
  Keys eager() const { return {{"include_all", "true"}, {"interval", "200ms"}, {"page_max_limit", "2"}}; }
};

// Files of the daemon may grow no further; writes beyond that fail as on a full disk, with another errno.
class NoMoreGrowth {
 public:
  NoMoreGrowth(pid_t pid, rlim_t bytes) : pid_(pid) {
    prlimit(pid, RLIMIT_FSIZE, nullptr, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    EXPECT_EQ(prlimit(pid, RLIMIT_FSIZE, &limit, nullptr), 0);
  }
  ~NoMoreGrowth() { prlimit(pid_, RLIMIT_FSIZE, &before_, nullptr); }

 private:
  pid_t pid_;
  rlimit before_{};
};

TEST_F(StateFaultsTest, FilesThatMayNotGrow) {
  add(1, 4);
  start({eager()});
  EXPECT_EQ(records(4).size(), 4U);
  expect_nothing_queued();
  {
    const NoMoreGrowth limit(daemon_->program().pid(), fs::file_size(daemon_->state() / "state.db-wal") + 20'000);
    add(5, 12);
    expect_told("nothing was changed");
    EXPECT_EQ(records(4).size(), 4U) << "nothing is sent that is not recorded";
    EXPECT_TRUE(daemon_->running());
  }
  expect_mended(12);
  EXPECT_EQ(daemon_->stop(), 0);
}

// A disk of its own for the state.
class FullDiskTest : public StateFaultsTest {
 protected:
  void SetUp() override {
    StateFaultsTest::SetUp();
    daemon_ = std::make_unique<Daemon>("webhooks: []\n");
    fs::create_directory(daemon_->state());
    if (::mount("tmpfs", daemon_->state().c_str(), "tmpfs", 0, "size=3m") != 0)
      GTEST_SKIP() << "NOT TESTED: needs to mount a tmpfs";
    mounted_ = true;
  }
  void TearDown() override {
    if (daemon_ && daemon_->running()) daemon_->stop();
    if (mounted_) ::umount2(daemon_->state().c_str(), MNT_DETACH);
  }
  fs::path filler() const { return daemon_->state() / "filler"; }
  void fill() const {
    const int file = ::open(filler().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const std::array<char, 4096> block{};
    while (::write(file, block.data(), block.size()) > 0) {
    }
    ::close(file);
  }

  bool mounted_ = false;
};

TEST_F(FullDiskTest, PollingWaitsAndGoesOnOnceThereIsRoom) {
  daemon_->configure(yaml({eager()}));
  add(1, 4);
  daemon_->start();
  EXPECT_EQ(records(4).size(), 4U);
  expect_nothing_queued();
  fill();
  add(5, 12);
  expect_told("no room left on its disk");
  EXPECT_EQ(records(4).size(), 4U);
  fs::remove(filler());
  expect_mended(12);
}

TEST_F(FullDiskTest, WhatWasTakenIsNotSentAgainThoughItCannotBeRecorded) {
  std::atomic<bool> taking = false;
  const Hook hook([&](std::size_t) { return taking ? "200 OK" : "503 Busy"; });
  auto keys = eager();
  keys["hook_url"] = hook.url();
  daemon_->configure(yaml({keys}));
  add(1, 4);
  daemon_->start();
  hook.posts(1);
  fill();
  taking = true;
  const auto taken = [&] {
    std::vector<std::string> ids;
    for (const auto& post : hook.posts(0)) ids.push_back(post.header("webhook-id"));
    return ids;
  };
  // It tries to write the answer down again and again, and sends nothing meanwhile.
  const auto failures = [&] {
    const auto log = daemon_->log();
    int count = 0;
    for (auto at = log.find("state-failed"); at != std::string::npos; at = log.find("state-failed", at + 1)) ++count;
    return count;
  };
  EXPECT_TRUE(daemon_->program().says("page-delivered"));
  const auto posts = taken().size();
  const auto before = failures();
  EXPECT_TRUE(eventually([&] { return failures() >= before + 3; }));
  EXPECT_EQ(taken().size(), posts);
  expect_told("no room left on its disk");
  fs::remove(filler());
  expect_nothing_queued();
  const auto ids = taken();
  EXPECT_EQ(ids.size(), posts + 1) << "the second page, once";
  EXPECT_NE(ids[posts], ids[posts - 1]);
}

TEST_F(FullDiskTest, ADaemonThatStartsOnItSaysSo) {
  daemon_->configure(yaml({eager()}));
  fill();
  const auto said = daemon_->ask({"run"});
  EXPECT_EQ(said.code, 74);
  EXPECT_TRUE(said.err.contains("No space left") || said.err.contains("no room left")) << said.err;
  fs::remove(filler());
  add(1, 2);
  daemon_->start();
  EXPECT_EQ(records(2).size(), 2U);
}

TEST_F(FullDiskTest, ADaemonThatStartsOnAReadOnlyDiskSaysSo) {
  daemon_->configure(yaml({eager()}));
  ASSERT_EQ(::mount("tmpfs", daemon_->state().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=3m"), 0);
  const auto said = daemon_->ask({"run"});
  EXPECT_EQ(said.code, 74);
  EXPECT_TRUE(said.err.contains("Read-only file system")) << said.err;
  EXPECT_TRUE(said.err.contains("mounted read-write")) << "the mend: " << said.err;
}

TEST_F(StateFaultsTest, TheStateOfANewerVersion) {
  add(1, 2);
  start({eager()});
  EXPECT_EQ(records(2).size(), 2U);
  EXPECT_EQ(daemon_->stop(), 0);
  EXPECT_EQ(state_sql("PRAGMA user_version = 99"), "");
  for (const auto& arguments : {Arguments{"run"}, {"run", "--once"}}) {
    const auto said = daemon_->ask(arguments);
    EXPECT_EQ(said.code, 74);
    EXPECT_TRUE(said.err.contains("has schema 99")) << said.err;
    EXPECT_TRUE(said.err.contains("install the newer vhookd")) << said.err;
  }
}

TEST_F(StateFaultsTest, DamageMetOnTheWayIsToldAndNothingIsSent) {
  add(1, 2);
  start({eager()});
  EXPECT_EQ(records(2).size(), 2U);
  EXPECT_EQ(daemon_->stop(), 0);
  // The webhook's own row is unreadable: its page of the file is overwritten, whichever it is.
  {
    std::fstream file(daemon_->state() / "state.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(2 * page_bytes);
    const std::string junk(static_cast<std::size_t>(fs::file_size(daemon_->state() / "state.db")) - 2 * page_bytes,
                           '\x5a');
    file.write(junk.data(), static_cast<std::streamsize>(junk.size()));
  }
  add(3, 4);
  const auto said = daemon_->ask({"run", "--once"});
  EXPECT_TRUE(said.code == 74 || said.code == 1) << said.code;
  EXPECT_TRUE(said.err.contains("is damaged")) << said.err;
  EXPECT_TRUE(said.err.contains("from a backup")) << said.err;
  EXPECT_EQ(records(2).size(), 2U);
}

}  // namespace
}  // namespace vhookd::testing
