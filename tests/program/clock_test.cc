// The engine with all its real parts and a wall clock that jumps: no storm of polls or POSTs, nothing stands still,
// nothing dies before its time, and what is signed bears the time as it is then.
#include <atomic>
#include <cstdlib>

#include "tests/program/engine_fixture.h"
#include "tests/support/hook.h"

namespace vhookd::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class JumpingClock final : public Clock {
 public:
  Instant now() const override { return real_.now() + Micros(ahead_us_.load()); }
  Tick tick() const override { return real_.tick(); }
  void jump(Micros by) { ahead_us_ += by.count(); }

 private:
  const SystemClock real_;
  std::atomic<std::int64_t> ahead_us_ = 0;
};

class ClockTest : public EngineTest, public ::testing::WithParamInterface<int> {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    shop_->run("CREATE TABLE things (id INTEGER PRIMARY KEY, note TEXT)");
    receiver_.reset();
    auto opened = Receiver::open(jumping_, {.secrets = {*parse_webhook_secret(secret)}});
    ASSERT_TRUE(opened) << opened.error();
    receiver_ = std::move(*opened);
  }
  void add(int id) { shop_->run("INSERT INTO things VALUES (" + std::to_string(id) + ", 'x')"); }
  Micros the_jump() const { return hours(GetParam()); }

  JumpingClock jumping_;
};

TEST_P(ClockTest, PollsAndPagesGoOnAtTheirPace) {
  run_engine({{{"include_all", "true"}, {"interval", "500ms"}}, {{"id", "slow"}, {"interval", "60"}}}, jumping_);
  add(1);
  EXPECT_EQ(records(1).size(), 1U);
  ASSERT_TRUE(eventually([&] { return status("slow").state.checked_at.has_value(); }));
  int id = 1;
  for (const auto jump : {the_jump(), -the_jump()}) {
    jumping_.jump(jump);
    const Tick began = jumping_.tick();
    const auto runs_before = store_->polls().runs("w")->size();
    for (int round = 0; round < 2; ++round) {
      add(++id);
      EXPECT_EQ(records(static_cast<std::size_t>(id)).size(), static_cast<std::size_t>(id));
    }
    const auto runs = static_cast<std::int64_t>(store_->polls().runs("w")->size() - runs_before);
    const auto most = (jumping_.tick() - began) / milliseconds(500) + 2;
    EXPECT_LE(runs, most) << "a storm of polls";
    EXPECT_EQ(store_->polls().runs("slow")->size(), 1U) << "its interval is an hour";
    for (const auto* which : {"w", "slow"}) {
      const auto now = status(which);
      EXPECT_TRUE(now.healthy) << which << ": " << now.last_error;
      EXPECT_GE(now.lag_seconds, 0);
      EXPECT_LT(now.lag_seconds, 60);
      ASSERT_TRUE(now.next_check_at);
      EXPECT_LE(*now.next_check_at, jumping_.now() + hours(1) + seconds(1));
      EXPECT_GE(*now.next_check_at, jumping_.now() - seconds(10));
    }
    const auto listed = store_->polls().runs("w").value();
    for (const auto& run : listed) EXPECT_GE(run.duration_ms, 0);
  }
  const auto counts = receiver_->counts();
  EXPECT_EQ(counts.unverified, 0) << "a webhook-timestamp was not the time of that moment";
  EXPECT_EQ(counts.pages, 1 + 2 * 2);
  EXPECT_EQ(counts.duplicates, 0);
}

TEST_P(ClockTest, APageThatIsRetriedNeitherStormsNorStandsStillNorDies) {
  std::atomic<bool> taking = false;
  const Hook hook([&](std::size_t) { return taking ? "200 OK" : "503 Busy"; });
  run_engine({{{"include_all", "true"},
               {"interval", "100ms"},
               {"hook_url", hook.url()},
               {"retry", "{for: 30m, first: 300ms, max: 300ms}"}}},
             jumping_);
  add(1);
  EXPECT_GE(hook.posts(2).size(), 2U);
  for (const auto jump : {the_jump(), -the_jump()}) {
    jumping_.jump(jump);
    const Tick began = jumping_.tick();
    const auto before = hook.posts(0).size();
    add(static_cast<int>(100 + before));  // another page comes: the queue is looked at anew
    EXPECT_GE(hook.posts(before + 3).size(), before + 3) << "it stands still";
    const auto posts = static_cast<std::int64_t>(hook.posts(0).size() - before);
    EXPECT_LE(posts, (jumping_.tick() - began) / milliseconds(290) + 2) << "a storm";
    EXPECT_EQ(store_->outbox().dead("w")->size(), 0U) << "dead before its time";
    const auto last = hook.posts(0).back().header("webhook-timestamp");
    const auto now = std::chrono::floor<seconds>(jumping_.now()).time_since_epoch().count();
    EXPECT_LE(std::abs(std::stoll(last) - now), 20);
  }
  taking = true;
  EXPECT_TRUE(eventually([&] { return status("w").state.queued_pages == 0; }));
}

constexpr int ten_years_h = 10 * 8766;
INSTANTIATE_TEST_SUITE_P(, ClockTest, ::testing::Values(1, -1, ten_years_h), [](const auto& one) {
  return one.param == 1 ? "an_hour_on" : one.param == -1 ? "an_hour_back" : "ten_years_on";
});

}  // namespace
}  // namespace vhookd::testing
