// The engine with all its real parts in the test's own process, where a test has to choose what main() chooses: the
// clock, the timeouts of a session.
#pragma once

#include <fstream>

#include "config/load.h"
#include "connectors/connector.h"
#include "core/crypto.h"
#include "daemon/engine/engine.h"
#include "delivery/curl_transport.h"
#include "tests/program/fixture.h"

namespace vhookd::testing {

class EngineTest : public ProgramTest {
 protected:
  void TearDown() override {
    if (engine_) engine_->stop();
  }

  void run_engine(const std::vector<Keys>& webhooks, const Clock& clock, const ConnectOptions& connect_options = {}) {
    std::ofstream(folder_.path() / "vhookd.yaml") << yaml(webhooks);
    const auto load = [this] {
      return config::load((folder_.path() / "vhookd.yaml").string(), config::system_secrets());
    };
    auto config = load();
    ASSERT_TRUE(config) << config.error().front();
    initialise_connectors();
    store_ = std::move(*open_store((folder_.path() / "state").string(), clock));
    transport_ = std::make_unique<CurlTransport>(clock, 8, EgressRules(config->egress), "vhookd/test");
    engine_ = std::make_unique<Engine>(Engine::Parts{.store = *store_,
                                                     .transport = *transport_,
                                                     .clock = clock,
                                                     .connect = connect,
                                                     .connect_options = connect_options,
                                                     .random_id = random_id,
                                                     .random = [] { return 0.999; },
                                                     .load = load},
                                       std::move(*config));
    ASSERT_TRUE(engine_->start());
  }
  WebhookStatus status(const std::string& id) { return *engine_->control().get(id); }

  TempFolder folder_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<CurlTransport> transport_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace vhookd::testing
