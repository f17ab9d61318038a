// Every call SQLite makes to its files fails once, and fails for good: what the store refused has changed nothing,
// what it took is there, and the same call works once the fault is gone.
#include <sqlite3.h>

#include <map>

#include "tests/store/sqlite/backend.h"
#include "tests/store/sqlite/fault_vfs.h"

namespace vhookd::testing {
namespace {

namespace fs = std::filesystem;

struct Kind {
  const char* name;
  FileCall call;
  int code;
  int first = 1;  // of the calls that fail
  int step = 1;   // the three kinds of failing writes share out the many calls
};

class IoErrorTest : public SqliteStoreTest, public ::testing::WithParamInterface<Kind> {
 protected:
  using Step = std::function<Result<void>(Store&)>;

  // What a poll and the delivery loop do in turn, on a webhook that has three pages queued.
  std::vector<Step> steps() const {
    const auto polled = [this](const std::string& checkpoint, std::uint64_t first) {
      auto poll = part("a", checkpoint);
      poll.pages = {page(first, std::string(9000, 'x')), page(first + 1)};
      poll.remember = {row(key_of(static_cast<int>(first))), row(key_of(static_cast<int>(first) + 1), 5)};
      poll.run = finished(clock_.at, 2);
      poll.complete = true;
      return poll;
    };
    return {[=](Store& store) { return store.polls().commit(polled("second", 4)); },
            [](Store& store) { return store.outbox().delivered("a", 1); },
            [](Store& store) { return store.outbox().attempt_failed("a", 2, Instant(Micros(5)), "503"); },
            [](Store& store) { return store.outbox().page_died("a", 2, "spent"); },
            [](Store& store) { return store.records().set_health("a", false, 2, "spent"); },
            [=](Store& store) { return store.polls().commit(polled("third", 6)); },
            [](Store& store) -> Result<void> {
              if (auto revived = store.replays().request("a", {.dead = true}, ""); !revived)
                return std::unexpected(revived.error());
              return {};
            },
            [](Store& store) { return store.records().set_paused("a", true, "by the operator"); }};
  }

  // All that can be seen of the webhook.
  static std::string seen(Store& store) {
    const auto state = store.polls().webhook("a");
    const auto head = store.outbox().head("a");
    const auto dead = store.outbox().dead("a");
    const auto runs = store.polls().runs("a");
    const auto known = store.polls().known_from("a", "", 100);
    if (!state || !head || !dead || !runs || !known) return "unreadable";
    std::string text = state->checkpoint + " next " + std::to_string(state->next_sequence) + " queued " +
                       std::to_string(state->queued_pages) + "/" + std::to_string(state->queued_bytes) + " dead " +
                       std::to_string(dead->size()) + " runs " + std::to_string(runs->size()) + " known " +
                       std::to_string(known->size()) + "/" + std::to_string(*store.polls().known_count("a")) +
                       (state->healthy ? "" : " unhealthy: " + state->last_error) + (state->paused ? " paused" : "");
    if (*head)
      text += " head " + std::to_string((*head)->page.sequence) + " attempts " + std::to_string((*head)->attempts);
    return text;
  }

  void begin() {
    store_.reset();
    for (const auto* name : {"state.db", "state.db-wal"}) fs::remove(fs::path(folder_) / name);
    open();
    queue("a", 3);
  }
  void expect_sound() {
    store_.reset();
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open_v2((folder_ + "/state.db").c_str(), &db, SQLITE_OPEN_READWRITE, "unix"), SQLITE_OK);
    std::string verdict;
    sqlite3_exec(
        db, "PRAGMA integrity_check",
        [](void* text, int, char** values, char**) {
          *static_cast<std::string*>(text) += values[0];
          return 0;
        },
        &verdict, nullptr);
    sqlite3_close(db);
    EXPECT_EQ(verdict, "ok");
  }
};

TEST_P(IoErrorTest, InTheMiddleOfLife) {
  const auto all = steps();
  // What is seen after each step where nothing fails.
  std::vector<std::string> expected;
  begin();
  expected.push_back(seen(*store_));
  for (const auto& step : all) {
    ok(step(*store_));
    expected.push_back(seen(*store_));
  }
  int failed = 0;
  for (const bool lasts : {false, true}) {
    for (int at = GetParam().first; at < 200; at += GetParam().step) {
      SCOPED_TRACE((lasts ? "all from call " : "call ") + std::to_string(at));
      begin();
      std::size_t done = 0;
      bool met = false;
      {
        const FaultyFiles faulty({.call = GetParam().call, .code = GetParam().code, .at = at, .lasts = lasts});
        Result<void> result;
        while (done < all.size() && (result = all[done](*store_))) ++done;
        met = faulty.met();
        if (!result) {
          ++failed;
          EXPECT_NE(result.error().recourse, Recourse::give_up) << result.error().message;
          EXPECT_FALSE(all[done](*store_) && lasts) << "it took what could not be written";
        }
      }
      // Mended: a refused call had changed nothing, unless it was made again just now, and works.
      const auto now = seen(*store_);
      EXPECT_TRUE(now == expected[done] || (!lasts && now == expected[done + 1])) << now << "\nnot " << expected[done];
      if (now != expected[done]) ++done;
      for (; done < all.size(); ++done) ok(all[done](*store_));
      EXPECT_EQ(seen(*store_), expected.back());
      open();
      EXPECT_EQ(seen(*store_), expected.back()) << "after a restart";
      expect_sound();
      if (!met || HasFailure()) break;
    }
  }
  if (GetParam().call == FileCall::write || GetParam().call == FileCall::sync) {
    EXPECT_GT(failed, 8) << "the faults were not met";
  }
}

TEST_P(IoErrorTest, AtTheStart) {
  begin();
  const auto before = seen(*store_);
  fs::create_directory(folder_ + "/copy");
  // As an unclean stop leaves it: the WAL has to be read back.
  for (const auto* name : {"/state.db", "/state.db-wal"}) fs::copy(folder_ + name, folder_ + "/copy" + name);
  store_.reset();
  int refusals = 0;
  for (int at = 1; at < 200; ++at) {
    SCOPED_TRACE(at);
    for (const auto* name : {"/state.db", "/state.db-wal"})
      fs::copy(folder_ + "/copy" + name, folder_ + name, fs::copy_options::overwrite_existing);
    bool met = false;
    {
      const FaultyFiles faulty({.call = GetParam().call, .code = GetParam().code, .at = at});
      const auto opened = open_store(folder_, clock_);
      met = faulty.met();
      if (!opened) {
        ++refusals;
        EXPECT_NE(opened.error().recourse, Recourse::give_up) << opened.error().message;
        EXPECT_NE(opened.error().message.find(folder_ + "/state.db"), std::string::npos) << opened.error().message;
      }
    }
    open();
    EXPECT_EQ(seen(*store_), before);
    expect_sound();
    if (!met || HasFailure()) break;
  }
  if (GetParam().call == FileCall::read) {
    EXPECT_GT(refusals, 3) << "the faults were not met";
  }
}

INSTANTIATE_TEST_SUITE_P(, IoErrorTest,
                         ::testing::Values(Kind{"read", FileCall::read, SQLITE_IOERR_READ},
                                           Kind{"write", FileCall::write, SQLITE_IOERR_WRITE, 1, 3},
                                           Kind{"full", FileCall::write, SQLITE_FULL, 2, 3},
                                           Kind{"read_only", FileCall::write, SQLITE_READONLY, 3, 3},
                                           Kind{"sync", FileCall::sync, SQLITE_IOERR_FSYNC},
                                           Kind{"truncate", FileCall::truncate, SQLITE_IOERR_TRUNCATE}),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace vhookd::testing
