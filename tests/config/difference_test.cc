#include "config/difference.h"

#include <gtest/gtest.h>

namespace vhookd::config {
namespace {

using Ids = std::vector<std::string>;

Config with(const Ids& ids) {
  Config config;
  for (const std::string& id : ids) {
    Webhook webhook;
    webhook.id = id;
    webhook.origin = {std::string("v.yaml"), static_cast<int>(config.webhooks.size())};
    config.webhooks.push_back(webhook);
  }
  return config;
}

TEST(Difference, OfEqualConfigurationsIsNothing) {
  const Difference difference = config::difference(with({"a", "b"}), with({"a", "b"}));
  EXPECT_TRUE(difference.added.empty() && difference.removed.empty() && difference.changed.empty());
  EXPECT_TRUE(difference.needs_restart.empty());
  EXPECT_EQ(difference.unchanged, 2);
}

TEST(Difference, NamesWhatCameWentAndChanged) {
  Config after = with({"new", "c", "b", "newer"});
  after.webhooks[2].interval = std::chrono::seconds(1);
  const Difference difference = config::difference(with({"a", "b", "c", "d"}), after);
  EXPECT_EQ(difference.added, (Ids{"new", "newer"}));
  EXPECT_EQ(difference.removed, (Ids{"a", "d"}));
  EXPECT_EQ(difference.changed, (Ids{"b"}));
  EXPECT_EQ(difference.unchanged, 1);
}

TEST(Difference, AWebhookThatOnlyMovedIsUnchanged) {
  const Difference difference = config::difference(with({"a", "b"}), with({"b", "a"}));
  EXPECT_EQ(difference.unchanged, 2);
  EXPECT_TRUE(difference.changed.empty());
}

// Each of these must be seen, or a reload would leave the old one in force.
TEST(Difference, SeesSecretsAndWhatIsOutsideTheModel) {
  const std::vector<std::function<void(Webhook&)>> changes = {
      [](Webhook& w) { w.delivery.edit().secrets = {Secret("x")}; },
      [](Webhook& w) {
        w.delivery.edit().headers = {{"a", Secret("x")}};
      },
      [](Webhook& w) { w.database.edit().url = Secret("x"); },
      [](Webhook& w) { w.database.edit().type = DbType::sqlite; },
      [](Webhook& w) {
        w.filters = {Filter{"a", Op::eq, {Param{}}}};
      },
      [](Webhook& w) { w.delivery.edit().retry.max = std::chrono::seconds(1); },
      [](Webhook& w) { w.is_paused = true; },
      [](Webhook& w) { w.hold_if_changed_over = 0.5; },
  };
  for (const auto& change : changes) {
    Config after = with({"a"});
    change(after.webhooks[0]);
    EXPECT_EQ(config::difference(with({"a"}), after).changed, (Ids{"a"})) << &change - changes.data();
  }
}

TEST(Difference, NamesWhatOnlyARestartCanChange) {
  Config after;
  after.state = "/srv";
  after.api = {"off", "/run/s", Secret("t")};
  after.log = {"debug", LogFormat::json};
  after.limits = {1, 2, 3};
  EXPECT_EQ(config::difference({}, after).needs_restart,
            (Ids{"state", "api.listen", "api.socket", "api.token", "log.format", "limits.polls", "limits.deliveries"}));
}

}  // namespace
}  // namespace vhookd::config
