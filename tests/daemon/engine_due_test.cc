// That each webhook is polled again and again, whichever of the workers waits for what: while one waits for a poll that
// is far off, another that has just ended a poll has to see to the next of that webhook.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "daemon/engine/engine.h"

namespace vhookd {
namespace {

using std::chrono::milliseconds;

class NoTransport final : public Transport {
 public:
  int capacity() const override { return 1; }
  void start(Request) override {}
  std::vector<Outcome> wait(milliseconds) override {
    std::this_thread::sleep_for(milliseconds(1));
    return {};
  }
  void wake() override {}
  void abort_all() override {}
  void set_egress(const config::Egress&) override {}
};

TEST(EngineDue, OneThatIsSoonDueAgainIsNotForgottenForOneThatIsNot) {
  std::string name = ::testing::TempDir() + "vhookd-due-XXXXXX";
  const std::string folder = ::mkdtemp(name.data());
  const SystemClock clock;
  auto store = std::move(*open_store(folder, clock));
  std::ofstream(folder + "/vhookd.yaml") << R"(
limits: {polls: 4}
defaults: {connection_id: c, object_type: t, event: updated, hook_url: "http://127.0.0.1:1/"}
webhooks:
  - {id: seldom, interval: 1h, db_url: "postgresql://seldom.example/"}
  - {id: often, interval: 100ms, db_url: "postgresql://often.example/"}
)";
  auto config = config::load(folder + "/vhookd.yaml", {});
  ASSERT_TRUE(config) << config.error().front();
  std::atomic<int> left = 5;
  std::promise<void> enough;
  const auto connect = [&](const config::Database& database, const ConnectOptions&) -> Result<std::unique_ptr<Source>> {
    if (database.display.find("often") != std::string::npos && --left == 0) enough.set_value();
    return fail(Recourse::ask_operator, "no such database");
  };
  NoTransport transport;
  Engine engine({.store = *store,
                 .transport = transport,
                 .clock = clock,
                 .connect = connect,
                 .connect_options = {},
                 .random_id = [] { return std::string("id"); },
                 .random = [] { return 0.5; },
                 .load = [] { return config::Config(); }},
                std::move(*config));
  ASSERT_TRUE(engine.start());
  EXPECT_EQ(enough.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
  engine.stop();
  store.reset();
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace vhookd
