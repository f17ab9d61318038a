// Whether the engine says it is alive, which is what the watchdog and /healthz go by: only while deliveries and polls
// both get on.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "daemon/engine/engine.h"

namespace vhookd {
namespace {

using std::chrono::milliseconds;

class MovedClock final : public Clock {
 public:
  Instant now() const override { return Instant(micros_.load()); }
  Tick tick() const override { return Tick(micros_.load()); }
  void move(Micros by) { micros_ = micros_.load() + by; }

 private:
  std::atomic<Micros> micros_ = Micros(std::chrono::seconds(1'800'000'000));
};

// Nothing is ever due here; turns of the delivery loop are counted by its waits, and stop where it is told to.
class IdleTransport final : public Transport {
 public:
  int capacity() const override { return 1; }
  void start(Request) override {}
  std::vector<Outcome> wait(milliseconds) override {
    ++waits;
    waits.notify_all();
    std::this_thread::sleep_for(milliseconds(1));
    if (held) {
      stands = true;
      stands.notify_all();
      held.wait(true);
    }
    return {};
  }
  void wake() override {}
  void set_egress(const config::Egress&) override {}
  void abort_all() override {}

  std::atomic<int> waits = 0;
  std::atomic<bool> held = false;
  std::atomic<bool> stands = false;
};

class EngineAliveTest : public ::testing::Test {
 protected:
  EngineAliveTest() {
    std::string name = ::testing::TempDir() + "vhookd-alive-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    store_ = std::move(*open_store(folder_, clock_));
  }
  ~EngineAliveTest() override {
    release();
    engine_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  // Connecting takes as long as the test wants, on each of the two workers.
  void start() {
    std::ofstream(folder_ + "/vhookd.yaml") << R"(
limits: {polls: 2}
defaults: {connection_id: c, object_type: t, event: updated, hook_url: "http://127.0.0.1:1/"}
webhooks: [{id: a, db_url: "postgresql://a.example/"}, {id: b, db_url: "postgresql://b.example/"}]
)";
    auto config = config::load(folder_ + "/vhookd.yaml", {});
    ASSERT_TRUE(config) << config.error().front();
    const auto stuck = [this](const config::Database&, const ConnectOptions&) -> Result<std::unique_ptr<Source>> {
      ++connecting_;
      connecting_.notify_all();
      held_.wait(true);
      return fail(Recourse::ask_operator, "no such database");
    };
    engine_ = std::make_unique<Engine>(Engine::Parts{.store = *store_,
                                                     .transport = transport_,
                                                     .clock = clock_,
                                                     .connect = stuck,
                                                     .connect_options = {},
                                                     .random_id = [] { return std::string("id"); },
                                                     .random = [] { return 0.5; },
                                                     .load = [] { return config::Config(); }},
                                       std::move(*config));
    ASSERT_TRUE(engine_->start());
    for (int now = 0; (now = connecting_.load()) < 2;) connecting_.wait(now);
  }
  void release() {
    held_ = false;
    held_.notify_all();
    transport_.held = false;
    transport_.held.notify_all();
  }
  // So that the loop has looked at the clock since.
  void await_turns() {
    const int target = transport_.waits + 3;
    for (int now = 0; (now = transport_.waits.load()) < target;) transport_.waits.wait(now);
  }
  bool alive() { return engine_->control().alive(); }

  std::string folder_;
  MovedClock clock_;
  IdleTransport transport_;
  std::unique_ptr<Store> store_;
  std::atomic<bool> held_ = true;
  std::atomic<int> connecting_ = 0;
  std::unique_ptr<Engine> engine_;
};

TEST_F(EngineAliveTest, NotWhileEveryPollStandsStill) {
  start();
  await_turns();
  EXPECT_TRUE(alive());
  clock_.move(std::chrono::minutes(9));  // a statement may take five, and another follow it
  await_turns();
  EXPECT_TRUE(alive());
  clock_.move(std::chrono::minutes(2));
  await_turns();
  EXPECT_FALSE(alive()) << "deliveries get on, but no poll has for 11 minutes";
  release();
  for (int i = 0; i < 3000 && !alive(); ++i) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_TRUE(alive()) << "polls get on again";
}

TEST_F(EngineAliveTest, NotWhileDeliveriesStandStill) {
  start();
  await_turns();
  transport_.held = true;
  transport_.stands.wait(false);
  clock_.move(std::chrono::minutes(2));
  EXPECT_FALSE(alive());
  transport_.held = false;
  transport_.held.notify_all();
  await_turns();
  EXPECT_TRUE(alive());
}

}  // namespace
}  // namespace vhookd
