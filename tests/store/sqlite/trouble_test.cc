// What a daemon meets in its life: a twin, a downgrade, damage, a folder it may not write to, a full disk.
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "store/sqlite/schema.h"
#include "tests/store/sqlite/backend.h"

namespace vhookd::testing {
namespace {

namespace fs = std::filesystem;

class TroubleTest : public SqliteStoreTest {
 protected:
  // Overwrites everything from `from` on, or `bytes` of it, in place.
  static void scribble(const std::string& path, std::int64_t from, std::int64_t bytes = 0) {
    std::fstream stream(path, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(from);
    if (bytes == 0) bytes = static_cast<std::int64_t>(fs::file_size(path)) - from;
    const std::string junk(static_cast<std::size_t>(bytes), '\x5a');
    stream.write(junk.data(), static_cast<std::streamsize>(junk.size()));
  }
  // The number of the first page of a table's tree.
  std::int64_t root_of(const std::string& table) const {
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open(file().c_str(), &db), SQLITE_OK);
    std::int64_t root = 0;
    const auto take = [](void* out, int, char** values, char**) {
      *static_cast<std::int64_t*>(out) = std::atoll(values[0]);
      return 0;
    };
    const auto query = "SELECT rootpage FROM sqlite_schema WHERE name = '" + table + "'";
    EXPECT_EQ(sqlite3_exec(db, query.c_str(), take, &root, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
    return root;
  }
  // What `f` gives in a process of its own: the message it writes, empty for none.
  static std::string in_child(const std::function<std::string()>& f) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      const std::string text = f();
      (void)!::write(ends[1], text.data(), text.size());
      ::_exit(0);
    }
    ::close(ends[1]);
    std::string text;
    char buffer[4096];
    for (ssize_t size = 0; (size = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
      text.append(buffer, static_cast<std::size_t>(size));
    }
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
    return text;
  }
};

TEST_F(TroubleTest, FolderAndFileAreMadeForOurEyesOnly) {
  const std::string deep = folder_ + "/made/for/it";
  const auto made = open_store(deep, clock_);
  ok(made);
  EXPECT_EQ((*made)->path(), deep + "/state.db");
  EXPECT_EQ(fs::status(deep).permissions(), fs::perms::owner_all);
  for (const auto* name : {"/state.db", "/state.db-wal", "/state.lock"}) {
    if (!fs::exists(deep + name)) continue;
    EXPECT_EQ(fs::status(deep + name).permissions(), fs::perms::owner_read | fs::perms::owner_write) << name;
  }
  EXPECT_FALSE(fs::exists(deep + "/state.db-shm"));
  ok(open_store(folder_ + "/slash/at/end/", clock_));
}

TEST_F(TroubleTest, ASecondDaemonIsRefusedAndThePidNamed) {
  const std::string expected =
      "state folder " + folder_ + " is in use by another vhookd (pid " + std::to_string(::getpid()) + ")";
  refused(open_store(folder_, clock_), Recourse::ask_operator, expected);
  const auto told = in_child([&] {
    const auto second = open_store(folder_, clock_);
    return second ? std::string("opened") : second.error().message;
  });
  EXPECT_EQ(told, expected);
  open();
}

TEST_F(TroubleTest, AnotherProgramIsKeptOut) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(file().c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, "SELECT count(*) FROM webhook", nullptr, nullptr, nullptr), SQLITE_BUSY);
  sqlite3_close(db);
  ok(store_->polls().webhook("a"));
}

TEST_F(TroubleTest, ANewerSchemaIsRefused) {
  ok(store_->polls().webhook("a"));
  store_.reset();
  sql("PRAGMA user_version = 7");
  refused(open_store(folder_, clock_), Recourse::ask_operator,
          "has schema 7, this vhookd " VHOOKD_VERSION " knows up to 6");
  refused(open_store(folder_, clock_), Recourse::ask_operator, "install the newer vhookd");
  sql("PRAGMA user_version = 6");
  open();
  EXPECT_EQ(store_->records().list(std::vector<std::string>{"a"})->size(), 1U);
}

TEST_F(TroubleTest, TheDatabaseOfAnotherProgramIsLeftAlone) {
  store_.reset();
  fs::remove(file());
  sql("CREATE TABLE theirs (x)");
  refused(open_store(folder_, clock_), Recourse::ask_operator, "database of another program");
  sql("SELECT x FROM theirs");
}

TEST_F(TroubleTest, ForgettingGoesOnAfterACrashInTheMiddle) {
  queue("a", 200);
  queue("b", 1);
  const auto b_bytes = store_->polls().webhook("b")->queued_bytes;
  store_.reset();
  sql("INSERT INTO stale SELECT number, 9223372036854775807 FROM webhook WHERE id = 'a'");
  sql("DELETE FROM webhook WHERE id = 'a'");
  open();
  EXPECT_EQ(store_->outbox().with_queue().value(), std::vector<std::string>{"b"});
  for (int i = 0; i < 10; ++i) ok(store_->polls().commit(part("b")));
  EXPECT_EQ(*store_->outbox().bytes(), b_bytes);
  EXPECT_EQ(store_->outbox().head("b").value()->page.sequence, 1U);
}

TEST_F(TroubleTest, WhatIsNoDatabaseIsRefused) {
  store_.reset();
  scribble(file(), 0);
  refused(open_store(folder_, clock_), Recourse::ask_operator, "is damaged. Stop vhookd and restore");
}

TEST_F(TroubleTest, DamageIsFoundAfterAnUncleanStop) {
  queue("a", 200);
  // A copy taken while the store is open is what an unclean stop leaves: the file and its WAL.
  fs::create_directory(folder_ + "/copy");
  for (const auto* name : {"/state.db", "/state.db-wal"}) fs::copy(folder_ + name, folder_ + "/copy" + name);
  store_.reset();
  for (const auto* name : {"/state.db", "/state.db-wal"}) {
    fs::copy(folder_ + "/copy" + name, folder_ + name, fs::copy_options::overwrite_existing);
  }
  open();
  EXPECT_EQ(store_->polls().webhook("a")->queued_pages, 200);
  open();  // now all is in the file and the WAL is new
  ok(store_->polls().webhook("leaves a WAL"));
  fs::copy(file() + "-wal", folder_ + "/copy/wal");
  store_.reset();
  fs::copy(folder_ + "/copy/wal", file() + "-wal");
  scribble(file(), 8 * page_bytes);
  refused(open_store(folder_, clock_), Recourse::ask_operator, "is damaged");
}

TEST_F(TroubleTest, DamageMetOnTheWayIsTheOperators) {
  queue("a", 200);
  store_.reset();
  scribble(file(), (root_of("page") - 1) * page_bytes, page_bytes);
  open();  // a clean stop: the pages are not checked
  refused(store_->outbox().head("a"), Recourse::ask_operator, "is damaged");
  refused(store_->outbox().delivered("a", 1), Recourse::ask_operator, "is damaged");
}

TEST_F(TroubleTest, ADamagedBlockIsTheOperators) {
  ok(store_->polls().webhook("a"));
  auto poll = part("a");
  poll.remember = {row("k"), row("l")};
  ok(store_->polls().commit(poll));
  store_.reset();
  sql("UPDATE known_block SET packed = substr(packed, 1, length(packed) - 1)");
  open();
  refused(known_row("a", "m"), Recourse::ask_operator, "is damaged");
  refused(known_after("a", "", 10), Recourse::ask_operator, "is damaged");
  refused(store_->polls().commit(poll), Recourse::ask_operator, "is damaged");
}

TEST_F(TroubleTest, AFolderThatIsNotOursIsRefused) {
  store_.reset();
  ::chmod(folder_.c_str(), 0555);
  // Root may write anywhere, so it is asked of nobody.
  const auto told = in_child([&] {
    if (::getuid() == 0 && ::setuid(65534) != 0) return std::string("setuid");
    const auto made = open_store(folder_, clock_);
    return made ? std::string("opened")
                : std::to_string(static_cast<int>(made.error().recourse)) + made.error().message;
  });
  ::chmod(folder_.c_str(), 0755);
  EXPECT_EQ(told.substr(0, 1), std::to_string(static_cast<int>(Recourse::ask_operator)));
  EXPECT_NE(told.find("can't be written to: Permission denied. Give it to the user vhookd runs as"), std::string::npos)
      << told;
}

TEST_F(TroubleTest, AFolderThatCannotBeMadeIsRefused) {
  refused(open_store(file() + "/in/a/file", clock_), Recourse::ask_operator, "can't be created: Not a directory");
  refused(open_store(file(), clock_), Recourse::ask_operator, "is not a folder");
  refused(open_store("/proc/no/such", clock_), Recourse::ask_operator, "can't be created");
}

// Files of this process may not grow beyond `bytes` while it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(TroubleTest, AFileThatMayNotGrowChangesNothingAndMends) {
  queue("a", 3);
  auto big = part("a", "after");
  big.pages = {page(4, std::string(1 << 20, 'x'))};
  big.remember = {row("k")};
  big.complete = true;
  {
    const FileSizeLimit limit(fs::file_size(file() + "-wal") + 65536);
    for (int i = 0; i < 3; ++i) refused(store_->polls().commit(big), Recourse::retry, "nothing was changed");
    const auto state = store_->polls().webhook("a").value();
    EXPECT_EQ(state.checkpoint, "c");
    EXPECT_EQ(state.next_sequence, 4U);
    EXPECT_EQ(state.queued_pages, 3);
    EXPECT_EQ(*store_->polls().known_count("a"), 0);
    EXPECT_EQ(store_->outbox().head("a").value()->page.sequence, 1U);
    ok(store_->outbox().delivered("a", 1));  // what needs little room goes on
  }
  ok(store_->polls().commit(big));
  open();
  EXPECT_EQ(store_->polls().webhook("a")->checkpoint, "after");
  EXPECT_EQ(store_->polls().webhook("a")->queued_pages, 3);
}

// The same on a disk that is really full: another errno, and the disk is full for the checkpoint too.
TEST_F(TroubleTest, AFullDiskChangesNothingAndMends) {
  const std::string disk = folder_ + "/disk";
  fs::create_directory(disk);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=2m") != 0) GTEST_SKIP() << "NOT TESTED: needs to mount a tmpfs";
  struct Unmount {
    std::string path;
    ~Unmount() { ::umount2(path.c_str(), MNT_DETACH); }
  } const unmount{disk};
  auto store = std::move(*open_store(disk, clock_));
  ok(store->polls().webhook("a"));
  auto poll = part("a");
  std::uint64_t next = 1;
  Result<void> last;
  while (next < 1000) {
    poll.checkpoint = std::to_string(next + 1);
    poll.pages = {page(next, std::string(50'000, 'x'))};
    last = store->polls().commit(poll);
    if (!last) break;
    ++next;
  }
  refused(last, Recourse::retry, "nothing was changed");
  EXPECT_EQ(store->polls().webhook("a")->next_sequence, next);
  EXPECT_EQ(store->polls().webhook("a")->checkpoint, std::to_string(next));
  refused(store->polls().commit(poll), Recourse::retry, "nothing was changed");
  ASSERT_EQ(::mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT, "size=16m"), 0);
  ok(store->polls().commit(poll));
  store.reset();
  store = std::move(*open_store(disk, clock_));
  EXPECT_EQ(store->polls().webhook("a")->next_sequence, next + 1);
  EXPECT_EQ(store->polls().webhook("a")->queued_pages, static_cast<std::int64_t>(next));
  store.reset();
  ASSERT_EQ(::mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=16m"), 0);
  refused(open_store(disk, clock_), Recourse::ask_operator, "Read-only file system");
}

}  // namespace
}  // namespace vhookd::testing
