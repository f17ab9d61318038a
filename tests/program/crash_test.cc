// Killed at odd moments while rows are written and pages go out: nothing may be missing at the receiver.
#include <atomic>
#include <random>
#include <thread>

#include "tests/program/fixture.h"

namespace vhookd::testing {
namespace {

// Writes rows until told to stop; then knows what the table holds.
class Writer {
 public:
  explicit Writer(Shop& shop) : shop_(shop), thread_([this](const std::stop_token& stop) { write(stop); }) {}

  std::map<std::int64_t, std::int64_t> finish() {
    thread_.request_stop();
    thread_.join();
    return values_;
  }

 private:
  static constexpr int most_rounds = 20'000;

  void write(const std::stop_token& stop) {
    std::mt19937 random(7);
    for (int round = 1; round <= most_rounds && !stop.stop_requested(); ++round) {
      std::string sql = "BEGIN";
      shop_.run(sql);
      for (int i = 0; i < 3; ++i) {
        const std::int64_t id = i == 0 ? round : 1 + static_cast<std::int64_t>(random() % static_cast<unsigned>(round));
        values_[id] = round * 10 + i;
        shop_.run("INSERT INTO things (id, v) VALUES (" + std::to_string(id) + ", " + std::to_string(values_[id]) +
                  ") ON CONFLICT (id) DO UPDATE SET v = excluded.v");
      }
      shop_.run("COMMIT");
    }
  }

  Shop& shop_;
  std::map<std::int64_t, std::int64_t> values_;
  std::jthread thread_;
};

class CrashTest : public ProgramTest, public ::testing::WithParamInterface<std::tuple<const char*, const char*>> {
 protected:
  void SetUp() override { open_shop(std::get<0>(GetParam())); }

  // The latest version of each row, by what came.
  std::map<std::int64_t, std::int64_t> received() {
    std::map<std::int64_t, std::int64_t> values;
    for (const auto& record : records(0)) values[record["id"]] = record["v"];
    return values;
  }
};

TEST_P(CrashTest, TenKillsLoseNothing) {
  shop_->run("CREATE TABLE things (id INTEGER PRIMARY KEY, v INTEGER)");
  daemon_ = std::make_unique<Daemon>(yaml({{{"event", std::get<1>(GetParam())},
                                            {"include_all", "true"},
                                            {"interval", "100ms"},
                                            {"page_max_limit", "3"},
                                            {"retry", "{first: 100ms, max: 100ms}"}}}));
  Writer writer(*shop_);
  std::mt19937 random(::testing::UnitTest::GetInstance()->random_seed() + 11U);
  for (int kill = 0; kill < 10; ++kill) {
    daemon_->start();
    const auto goal = receiver_->counts().pages + 1 + static_cast<std::int64_t>(random() % 40);
    EXPECT_TRUE(receiver_->wait_for(goal, timeout)) << "nothing comes after kill " << kill;
    daemon_->kill();
  }
  daemon_->start();
  const auto written = writer.finish();
  ASSERT_GT(written.size(), 20U);
  trigger();
  EXPECT_TRUE(eventually([&] {
    const auto came = received();
    if (std::get<1>(GetParam()) == std::string("updated")) return came == written;
    return came.size() == written.size();  // created: the row as it was when it was found
  }));
  const auto counts = receiver_->counts();
  EXPECT_EQ(counts.gaps, 0);
  EXPECT_EQ(counts.behind, 0) << "a number was used twice";
  EXPECT_EQ(counts.malformed, 0) << "an id came again with another body";
  EXPECT_EQ(pages(1).front().sequence, 1U);
  EXPECT_EQ(daemon_->stop(), 0);
}

INSTANTIATE_TEST_SUITE_P(, CrashTest,
                         ::testing::Combine(::testing::Values("sqlite", "postgres15", "postgres18"),
                                            ::testing::Values("updated", "created")),
                         [](const auto& one) {
                           return std::string(std::get<0>(one.param)) + "_" + std::get<1>(one.param);
                         });

}  // namespace
}  // namespace vhookd::testing
