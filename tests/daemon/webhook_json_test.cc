#include "daemon/engine/webhook_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/daemon/fake_control.h"

namespace vhookd {
namespace {

using testing::bare;
using testing::paid_orders;

TEST(WebhookJson, HoldsTheModelsFieldsInItsOrderAndTypes) {
  const std::string expected =
      R"({"id":"paid-orders","connection_id":"shop","db_type":"postgres","db_url":"postgresql://reader@db.example/shop",)"
      R"("db_schema":"public","db_name_prefix":"app_","object_type":"orders","event":"updated","fields":"id,status,total",)"
      R"("filters":{"status":"paid","total":"{\"gte\":100}","note":"null","lang":"[\"de\",\"fr\"]"},"interval":0.5,)"
      R"("page_max_limit":500,"hook_url":"https://app.example/hooks/orders?token=${env:TOKEN}","checked_at":"2026-11-23T09:00:00Z",)"
      R"("is_healthy":false,"is_paused":false,"runs":["2026-11-23T09:00:00Z ok 2 pages 734 records 412 ms"],)"
      R"("webhook_type":"virtual","environment":"Production","integration_type":"postgres","workspace_id":"w1",)"
      R"("created_at":"2026-11-01T00:00:00Z","updated_at":"2026-11-02T00:00:00.500000Z","lag_seconds":12.346,)"
      R"("queued_pages":3,"dead_pages":1,"next_check_at":"2026-11-23T09:00:30Z","last_error":"the receiver answers 500","managed":"yaml","epoch":1})";
  EXPECT_EQ(webhook_json(paid_orders()), expected);
}

TEST(WebhookJson, LeavesOutWhatHasNoValue) {
  const auto json = nlohmann::json::parse(webhook_json(bare("x")));
  for (const char* name : {"db_schema", "db_name_prefix", "fields", "filters", "checked_at", "workspace_id",
                           "created_at", "updated_at", "next_check_at", "last_error"}) {
    EXPECT_FALSE(json.contains(name)) << name;
  }
  EXPECT_EQ(json["interval"].dump(), "1");
  EXPECT_EQ(json["runs"].dump(), "[]");
}

TEST(WebhookJson, TellsWhenARefusedPageIsSentAgain) {
  auto status = bare("x");
  EXPECT_FALSE(nlohmann::json::parse(webhook_json(status)).contains("next_attempt"));
  status.retrying = Retrying{
      .sequence = 7, .attempts = 3, .not_before = *parse_rfc3339("2026-11-23T09:01:00Z"), .error = "answered 503"};
  EXPECT_EQ(nlohmann::ordered_json::parse(webhook_json(status))["next_attempt"].dump(),
            R"({"sequence":7,"at":"2026-11-23T09:01:00Z","attempts":3,"error":"answered 503"})");
  status.retrying->not_before = {};
  EXPECT_FALSE(nlohmann::json::parse(webhook_json(status))["next_attempt"].contains("at")) << "due at once";
}

TEST(WebhookJson, ThePayloadHasNoDatabaseNoRunsNoSecret) {
  auto status = paid_orders();
  status.state.healthy = false;
  status.state.paused = true;
  const std::string text = payload_webhook_json(status.webhook, status.state);
  const auto json = nlohmann::json::parse(text);
  for (const char* name : {"db_url", "runs", "secret", "headers", "lag_seconds", "queued_pages", "dead_pages",
                           "next_check_at", "last_error"}) {
    EXPECT_FALSE(json.contains(name)) << name;
  }
  EXPECT_EQ(json["event"], "updated");
  EXPECT_EQ(json["is_healthy"], false);
  EXPECT_EQ(json["is_paused"], true);
  EXPECT_TRUE(
      text.starts_with(R"({"id":"paid-orders","connection_id":"shop","db_type":"postgres","db_schema":"public")"));
}

TEST(WebhookJson, NeverShowsASecret) {
  const auto status = paid_orders();
  for (const std::string& text :
       {webhook_json(status), webhooks_json(std::vector{status}), payload_webhook_json(status.webhook, status.state)}) {
    EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
  }
}

TEST(WebhookJson, AByteThatIsNotUtf8IsReplacedNotFatal) {
  auto status = bare("x");
  status.last_error = "caf\xe9";
  EXPECT_NE(webhook_json(status).find("caf\xef\xbf\xbd"), std::string::npos);
}

}  // namespace
}  // namespace vhookd
