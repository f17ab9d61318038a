// The daemon simulated from one seed, over and over. VHOOKD_SEED is the first seed, VHOOKD_SIMULATION_SECONDS (100)
// how long new seeds are tried, VHOOKD_SIMULATION_SEEDS (100) how many in any case. A seed takes 90 ms of one core in a
// debug build, so two minutes are 1,300.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>

#include "core/clock.h"
#include "daemon/output/log.h"
#include "tests/simulation/simulation.h"

namespace vhookd::simulation {
namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr || *text == '\0' ? otherwise : std::strtoull(text, nullptr, 10);
}

// In memory where there is such a folder: what is tried here is not the disk.
std::string folder() {
  const std::string base = ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : ::testing::TempDir();
  return base + "/vhookd-simulation-" + std::to_string(::getpid());
}

std::string first_of(const std::vector<std::string>& complaints) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(complaints.size(), 5); ++i) text += "\n  " + complaints[i];
  return text;
}

class SimulationTest : public ::testing::Test {
 protected:
  SimulationTest() { set_log_level("off"); }
  ~SimulationTest() override { set_log_level("info"); }

  // The first seed, of `most`, whose run was found wrong; 0: none.
  static std::uint64_t finds(Lie lie, std::uint64_t most) {
    for (std::uint64_t seed = 1; seed <= most; ++seed) {
      const auto complaints = Simulation(seed, folder(), lie).run();
      if (complaints.empty()) continue;
      std::cout << "found with seed " << seed << ":" << first_of(complaints) << '\n';
      return seed;
    }
    return 0;
  }
};

TEST_F(SimulationTest, NothingIsMissedRepeatedOrOutOfOrder) {
  const auto least_seeds = number_from("VHOOKD_SIMULATION_SEEDS", 100);
  const auto first = number_from("VHOOKD_SEED", std::random_device{}());
  const auto time = std::chrono::seconds(number_from("VHOOKD_SIMULATION_SECONDS", 100));
  const SystemClock clock;
  const Tick began = clock.tick();
  Totals sums;
  std::uint64_t seed = first;
  for (; seed < first + least_seeds || clock.tick() - began < time; ++seed) {
    Simulation simulation(seed, folder());
    const auto complaints = simulation.run();
    ASSERT_TRUE(complaints.empty()) << "VHOOKD_SEED=" << seed << first_of(complaints);
    sums.polls += simulation.totals().polls;
    sums.failed_polls += simulation.totals().failed_polls;
    sums.pages += simulation.totals().pages;
    sums.deaths += simulation.totals().deaths;
  }
  std::cout << "seeds " << first << " to " << seed - 1 << ": " << sums.polls << " polls, " << sums.failed_polls
            << " of them failed, " << sums.pages << " pages, " << sums.deaths << " deaths\n";
  EXPECT_GT(sums.deaths, 10);
  EXPECT_GT(sums.failed_polls, 10);
}

// That the simulation can fail.
TEST_F(SimulationTest, FindsOutAPlainCursor) {
  EXPECT_NE(finds(Lie::snapshot_hides_running, 50), 0U);
}
TEST_F(SimulationTest, FindsOutAReceiverThatSwallows) {
  EXPECT_NE(finds(Lie::receiver_swallows, 5), 0U);
}

}  // namespace
}  // namespace vhookd::simulation
