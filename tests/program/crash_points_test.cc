// Killed at each named point twenty times: nothing may be missing, and what comes twice has the same id and body.
#include <signal.h>
#include <sqlite3.h>

#include <random>

#include "core/crash_point.h"
#include "store/sqlite/schema.h"
#include "tests/program/fixture.h"

namespace vhookd::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kills = 20;
constexpr int webhooks = 2;
constexpr int lives_a_step = kills / schema_version;  // of a migration

struct Point {
  CrashPoint point;
  int most_passes;    // each life ends at one of these passes
  int pad_bytes = 0;  // in each row, where only a large body gets there
};

std::string name_of(CrashPoint point) {
  return std::string(crash_point_names[static_cast<std::size_t>(point)]);
}

class CrashPointsTest : public ProgramTest, public ::testing::WithParamInterface<Point> {
 protected:
  static constexpr int rows = 40;

  void SetUp() override {
    ProgramTest::SetUp();
    shop_->run("CREATE TABLE things (id INTEGER PRIMARY KEY, v INTEGER NOT NULL, pad TEXT NOT NULL)");
    daemon_ = std::make_unique<Daemon>(configuration("Production"));
  }
  std::string configuration(const std::string& environment) const {
    const Keys both = {{"include_all", "true"},
                       {"interval", "100ms"},
                       {"page_max_limit", "2"},
                       {"environment", environment},
                       {"retry", "{first: 100ms, max: 100ms}"}};
    Keys changed = both;
    Keys created = both;
    changed["event"] = "updated";
    created.insert({{"id", "c"}, {"event", "created"}});
    return yaml({changed, created});
  }

  // Six rows more or less: enough for several pages.
  void change() {
    shop_->run("BEGIN");
    for (int i = 0; i < 6; ++i) {
      const std::int64_t id = 1 + static_cast<std::int64_t>(random_() % rows);
      values_[id] = ++last_value_;
      shop_->run("INSERT INTO things VALUES (" + std::to_string(id) + ", " + std::to_string(last_value_) +
                 ", printf('%." + std::to_string(GetParam().pad_bytes) +
                 "c', 'x')) ON CONFLICT (id) DO UPDATE SET v = excluded.v");
    }
    shop_->run("COMMIT");
  }

  // One life, ended by the point.
  void live_and_die(int life) {
    const auto& [point, most_passes, pad_bytes] = GetParam();
    auto passes = 1 + static_cast<int>(random_() % static_cast<unsigned>(most_passes));
    // Each step of a migration has its own turns: those before it are let through, once.
    if (point == CrashPoint::mid_migration && life % lives_a_step == 0 && life < lives_a_step * schema_version)
      passes = life == 0 ? 1 : 2;
    const auto where = name_of(point) + ":" + std::to_string(passes);
    Program program({"run", "--config", daemon_->config(), "--state", daemon_->state()}, {{"VHOOKD_CRASH_AT", where}});
    if (point == CrashPoint::mid_reload) {
      EXPECT_TRUE(program.says("started"));
      daemon_->configure(configuration("life-" + std::to_string(life)));
      program.signal(SIGHUP);
    }
    // Webhooks share commits, so how many of them some changes make hangs on the machine's mood.
    auto ended = program.wait(std::chrono::seconds(5));
    for (int more = 0; !ended && more < 10; ++more) {
      change();
      ended = program.wait(std::chrono::seconds(5));
    }
    EXPECT_EQ(ended, -SIGKILL) << where << " in life " << life << " was not reached:\n" << program.err();
    check_state();
  }

  // On a copy: looking at the file itself would mend it before the daemon has to.
  void check_state() const {
    const TempFolder copy;
    for (const auto* name : {"state.db", "state.db-wal"})
      if (fs::exists(daemon_->state() / name)) fs::copy(daemon_->state() / name, copy.path() / name);
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open((copy.path() / "state.db").c_str(), &db), SQLITE_OK);
    EXPECT_EQ(first_text(db, "PRAGMA integrity_check"), "ok");
    if (first_text(db, "PRAGMA user_version") != "0") {
      EXPECT_EQ(first_text(db,
                           "SELECT count(*) FROM (SELECT max(sequence) - min(sequence) + 1 - count(*) AS missing "
                           "FROM page WHERE state = 0 GROUP BY webhook) WHERE missing <> 0"),
                "0");
    }
    sqlite3_close(db);
  }
  static std::string first_text(sqlite3* db, const char* sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, nullptr) != SQLITE_OK) return sqlite3_errmsg(db);
    std::string text;
    if (sqlite3_step(statement) == SQLITE_ROW) text = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return text;
  }

  // The version of each row that came last.
  std::map<std::int64_t, std::int64_t> received(const std::string& id) {
    std::map<std::int64_t, std::int64_t> values;
    for (const auto& record : records(0, id)) values[record["id"]] = record["v"];
    return values;
  }

  std::mt19937 random_{::testing::UnitTest::GetInstance()->random_seed() + 5U};
  std::map<std::int64_t, std::int64_t> values_;
  std::int64_t last_value_ = 0;
};

TEST_P(CrashPointsTest, TwentyKillsLoseNothing) {
  for (int life = 0; life < kills; ++life) {
    change();
    live_and_die(life);
    if (HasFailure()) return;
  }
  const auto before_the_last = receiver_->counts();
  EXPECT_LE(before_the_last.duplicates, kills * webhooks);
  daemon_->start();
  EXPECT_TRUE(eventually([&] { return received("w") == values_ && received("c").size() == values_.size(); }))
      << received("w").size() << " and " << received("c").size() << " of " << values_.size() << " rows came";
  for (const auto* id : {"w", "c"}) {
    expect_nothing_queued(id);
    EXPECT_EQ(pages(1, id).front().sequence, 1U);
  }
  EXPECT_EQ(records(values_.size(), "c").size(), values_.size()) << "a row was created twice";
  const auto counts = receiver_->counts();
  EXPECT_EQ(counts.gaps, 0);
  EXPECT_EQ(counts.behind, 0) << "a number was used twice";
  EXPECT_EQ(counts.malformed, 0) << "an id came again with another body";
  EXPECT_EQ(counts.unverified, 0);
  EXPECT_LE(counts.duplicates, kills * webhooks) << "no more than the pages that were in flight";
  if (GetParam().point == CrashPoint::after_2xx) {
    EXPECT_GE(counts.duplicates, kills / 2) << "answers that were not recorded";
  }
  EXPECT_EQ(daemon_->stop(), 0);
}

// A body of two rows is larger than what libcurl sends in one go with the headers.
INSTANTIATE_TEST_SUITE_P(, CrashPointsTest,
                         ::testing::Values(Point{CrashPoint::after_fetch, 1}, Point{CrashPoint::before_commit, 9},
                                           Point{CrashPoint::after_commit, 9}, Point{CrashPoint::before_connect, 1},
                                           Point{CrashPoint::after_headers_sent, 3},
                                           Point{CrashPoint::mid_body, 3, 60'000}, Point{CrashPoint::after_2xx, 3},
                                           Point{CrashPoint::mid_migration, 1},
                                           Point{CrashPoint::mid_reload, webhooks}),
                         [](const auto& one) { return name_of(one.param.point); });

TEST(CrashPoints, AreRefusedWhereThereIsNoSuchPoint) {
  for (const auto* where : {"nowhere", "after_2xx:0", "after_2xx:-1", "after_2xx:", "after_2xx:3x", ":1"}) {
    const auto said = run({"run", "--config", "/nowhere/vhookd.yaml"}, {{"VHOOKD_CRASH_AT", where}});
    EXPECT_EQ(said.code, 64) << where;
    EXPECT_TRUE(said.err.contains("VHOOKD_CRASH_AT")) << said.err;
  }
}

}  // namespace
}  // namespace vhookd::testing
