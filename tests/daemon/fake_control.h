// A Control over two webhooks in memory that notes what it was asked.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "core/time_text.h"
#include "daemon/engine/control.h"

namespace vhookd::testing {

inline WebhookStatus paid_orders() {
  WebhookStatus status;
  status.webhook.id = "paid-orders";
  status.webhook.connection_id = "shop";
  status.webhook.database.edit().url = Secret("postgresql://reader:hunter2@db.example/shop");
  status.webhook.database.edit().display = "postgresql://reader@db.example/shop";
  status.webhook.database.edit().schema = "public";
  status.webhook.db_name_prefix = "app_";
  status.webhook.object_type = "orders";
  status.webhook.event = config::Event::updated;
  status.webhook.fields = {"id", "status", "total"};
  status.webhook.filters_json = R"({"status":"paid","total":{"gte":100},"note":null,"lang":["de","fr"]})";
  status.webhook.interval = std::chrono::seconds(30);
  status.webhook.delivery.edit().hook_url = "https://app.example/hooks/orders?token=hunter2";
  status.webhook.delivery.edit().hook_url_display = "https://app.example/hooks/orders?token=${env:TOKEN}";
  status.webhook.labels.edit().integration_type = "postgres";
  status.webhook.labels.edit().workspace_id = "w1";
  status.webhook.delivery.edit().secrets = {Secret("hunter2hunter2hunter2hun")};
  status.webhook.delivery.edit().headers = {{"x-token", Secret("hunter2")}};
  status.state.id = status.webhook.id;
  status.state.created_at = *parse_rfc3339("2026-11-01T00:00:00Z");
  status.state.updated_at = *parse_rfc3339("2026-11-02T00:00:00.5Z");
  status.state.checked_at = *parse_rfc3339("2026-11-23T09:00:00Z");
  status.state.queued_pages = 3;
  status.state.dead_pages = 1;
  status.healthy = false;
  status.last_error = "the receiver answers 500";
  status.runs = {{*parse_rfc3339("2026-11-23T09:00:00Z"), true, 2, 734, 412, ""}};
  status.next_check_at = *parse_rfc3339("2026-11-23T09:00:30Z");
  status.lag_seconds = 12.3456;
  return status;
}

inline WebhookStatus bare(const std::string& id) {
  WebhookStatus status;
  status.webhook.id = status.state.id = id;
  status.webhook.connection_id = "other";
  status.webhook.database.edit().type = DbType::sqlite;
  status.webhook.database.edit().display = "sqlite:///tmp/shop.db";
  status.webhook.object_type = "users";
  status.webhook.delivery.edit().hook_url = "http://127.0.0.1:9/";
  return status;
}

class FakeControl {
 public:
  FakeControl() = default;
  FakeControl(const FakeControl&) = delete;
  FakeControl& operator=(const FakeControl&) = delete;

  std::vector<WebhookStatus> webhooks{paid_orders(), bare("new-users")};
  std::vector<std::string> reasons;
  bool alive = true;
  Run run{*parse_rfc3339("2026-11-23T09:00:00Z"), true, 1, 2, 3, ""};
  Answer<ReloadReport> report{ReloadReport{{"a"}, {}, {"b", "c"}, 4, {}}};
  std::vector<DeadPage> pages;

  std::vector<std::string> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

  std::function<WebhookStatus(const std::string& id)> on_get;  // where set, answers instead of `webhooks`

  Control& control() { return answers_; }

 private:
  // g++ 12 has no std::expected::transform.
  struct Found : Answer<WebhookStatus> {
    using Answer<WebhookStatus>::Answer;
    template <class T>
    Answer<T> transform_to(const T& value) const {
      return has_value() ? Answer<T>(value) : Answer<T>(std::unexpected(error()));
    }
  };

  class Answers final : public Control {
   public:
    explicit Answers(FakeControl& fake) : fake_(fake) {}
    Answer<std::size_t> each(std::size_t from, std::size_t most, const Visit& visit) override {
      auto& webhooks = fake_.webhooks;
      for (std::size_t i = from; i < webhooks.size() && i - from < most; ++i) visit(webhooks[i]);
      return webhooks.size();
    }
    Answer<Counts> counts() override { return Counts{}; }
    Answer<WebhookStatus> get(const std::string& id) override {
      if (fake_.on_get) return fake_.on_get(id);
      return fake_.find(id, "");
    }
    Answer<WebhookStatus> pause(const std::string& id) override { return fake_.find(id, "pause"); }
    Answer<WebhookStatus> resume(const std::string& id) override { return fake_.find(id, "resume"); }
    Answer<Run> trigger(const std::string& id) override { return fake_.find(id, "trigger").transform_to(fake_.run); }
    Answer<Selected> replay(const std::string& id, const ReplayRange& range, const ReplayTo& to) override {
      auto what = "replay" + std::string(range.dead ? " dead" : "");
      if (range.from) what += " from " + std::to_string(*range.from);
      if (range.to) what += " to " + std::to_string(*range.to);
      if (range.since) what += " since " + rfc3339(*range.since);
      if (!to.url.empty()) what += (to.by_operator ? " by the operator at " : " at ") + to.url;
      if (range.from == 404) return fake_.find(id, what).transform_to(Selected{});
      return fake_.find(id, what).transform_to(Selected{.revived = 2, .queued = 1, .waiting = 0});
    }
    Answer<std::vector<DeadPage>> dead(const std::string& id) override {
      return fake_.find(id, "").transform_to(fake_.pages);
    }
    Answer<DeadPage> drop_dead(const std::string& id, const std::string&) override {
      return fake_.find(id, "drop").transform_to(DeadPage{});
    }
    Answer<WebhookStatus> create(const std::string&, std::optional<bool>) override {
      fake_.note("create");
      return bare("made");
    }
    Answer<WebhookStatus> change(const std::string& id, const std::string&) override {
      return fake_.find(id, "change");
    }
    Answer<WebhookStatus> remove(const std::string&) override {
      return std::unexpected(Refusal{Refusal::Why::conflict, {"it stands in the YAML"}});
    }
    Answer<std::string> explain(const std::string& id, bool json) override {
      return fake_.find(id, "explain").transform_to(std::string(json ? R"({"explained":true})" : "explained"));
    }
    Answer<ReloadReport> reload() override {
      fake_.note("reload");
      return fake_.report;
    }
    std::vector<std::string> not_ready() override { return fake_.reasons; }
    bool alive() override { return fake_.alive; }
    Answer<Pieces> metrics() override {
      return [left = 2]() mutable { return left-- > 0 ? "up 1\n" : std::string(); };
    }

   private:
    FakeControl& fake_;
  };

  void note(const std::string& what) {
    const std::lock_guard lock(mutex_);
    asked_.push_back(what);
  }

  Found find(const std::string& id, const std::string& what) {
    for (auto& status : webhooks) {
      if (status.webhook.id != id) continue;
      if (!what.empty()) note(what + " " + id);
      if (what == "pause" || what == "resume") status.paused = what == "pause";
      return status;
    }
    return std::unexpected(Refusal{Refusal::Why::not_found, {"no such webhook"}});
  }

  std::mutex mutex_;
  std::vector<std::string> asked_;
  Answers answers_{*this};
};

}  // namespace vhookd::testing
