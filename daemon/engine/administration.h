// Answers what people and programs ask of the running daemon. Thread-safe.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "connectors/connector.h"
#include "daemon/engine/control.h"
#include "daemon/engine/delivery_loop.h"
#include "daemon/engine/delivery_recorder.h"
#include "daemon/engine/engine_context.h"
#include "daemon/engine/poll_loop.h"
#include "daemon/engine/status_reports.h"
#include "daemon/engine/webhook_changes.h"

namespace vhookd {

class Administration final : public Control {
 public:
  struct Parts {
    PollLoop& polls;
    DeliveryLoop& deliveries;
    DeliveryRecorder& recorder;
    StatusReports& reports;
    WebhookChanges& changes;
    Connect connect;  // for explain
    ConnectOptions connect_options;
    std::function<std::string()> random_id;
  };
  Administration(const EngineContext& context, Parts parts) : context_(context), parts_(std::move(parts)) {}

  Answer<std::size_t> each(std::size_t from, std::size_t most, const Visit& visit) override;
  Answer<Counts> counts() override;
  Answer<WebhookStatus> get(const std::string& id) override;
  Answer<Run> trigger(const std::string& id) override;
  Answer<WebhookStatus> pause(const std::string& id) override;
  Answer<WebhookStatus> resume(const std::string& id) override;
  Answer<WebhookStatus> create(const std::string& body, std::optional<bool> include_all) override;
  Answer<WebhookStatus> change(const std::string& id, const std::string& body) override;
  Answer<WebhookStatus> remove(const std::string& id) override;
  Answer<ReloadReport> reload() override;
  Answer<std::vector<DeadPage>> dead(const std::string& id) override;
  Answer<Selected> replay(const std::string& id, const ReplayRange& range, const ReplayTo& to) override;
  Answer<DeadPage> drop_dead(const std::string& id, const std::string& page) override;
  Answer<std::string> explain(const std::string& id, bool json) override;
  std::vector<std::string> not_ready() override;
  bool alive() override;
  Answer<Pieces> metrics() override;

 private:
  const EngineContext context_;
  const Parts parts_;
};

}  // namespace vhookd
