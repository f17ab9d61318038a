// What the tests of the whole program share: a shop, a receiver that verifies, and the words of a configuration.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/webhook_secret.h"
#include "daemon/trial/receiver.h"
#include "tests/support/paths.h"
#include "tests/support/program.h"
#include "tests/support/shop.h"

namespace vhookd::testing {

using Keys = std::map<std::string, std::string>;  // of a webhook: key to value, as YAML; an empty value leaves it out

class ProgramTest : public ::testing::Test {
 protected:
  static constexpr auto secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

  void SetUp() override { open_shop("sqlite"); }

  void open_shop(const std::string& server) {
    shop_ = Shop::open(server);
    if (!shop_) GTEST_SKIP() << "NO " << server << " IN THIS RUN: tests/servers/servers up " + build_dir() + "/servers";
    open_receiver();
  }
  void open_receiver(int port = 0) {
    receiver_.reset();
    auto opened = Receiver::open(clock_, {.port = port, .secrets = {*parse_webhook_secret(secret)}});
    ASSERT_TRUE(opened) << opened.error();
    receiver_ = std::move(*opened);
  }

  // Polled only when triggered, unless `keys` say otherwise.
  std::string webhook(const Keys& keys) const {
    Keys all = {{"id", "w"},
                {"connection_id", "shop"},
                {"object_type", "things"},
                {"event", "updated"},
                {"interval", "60"},
                {"hook_url", receiver_->url()},
                {"secret", secret},
                {"retry", "{first: 200ms, max: 200ms}"}};
    for (const auto& [key, value] : keys) all[key] = value;
    std::string text;
    for (const auto& [key, value] : all)
      if (!value.empty()) text += (text.empty() ? "  - " : "    ") + key + ": " + value + "\n";
    return text;
  }
  std::string yaml(const std::vector<Keys>& webhooks) const {
    std::string text = "connections:\n  shop:\n    db_url: " + shop_->db_url() + "\nwebhooks:\n";
    for (const auto& keys : webhooks) text += webhook(keys);
    return text;
  }
  // Starts the daemon and returns when every webhook was polled once.
  void start(const std::vector<Keys>& webhooks) {
    daemon_ = std::make_unique<Daemon>(yaml(webhooks));
    daemon_->start();
    for (const auto& keys : webhooks) polled(keys.contains("id") ? keys.at("id") : "w");
  }
  void polled(const std::string& id) {
    EXPECT_TRUE(daemon_->reaches(id, [](const Json& status) { return status.contains("checked_at"); }))
        << daemon_->status(id).dump(2);
  }
  void trigger(const std::string& id = "w") {
    const auto said = daemon_->ask({"trigger", id});
    EXPECT_EQ(said.code, 0) << said.out << said.err;
  }

  // The pages taken so far of one webhook, each once, when there are `least`.
  std::vector<Received> pages(std::size_t least, const std::string& id = "w") {
    std::vector<Received> taken;
    eventually([&] {
      taken.clear();
      for (auto& page : receiver_->history())
        if (page.taken() && !page.duplicate() && page.webhook_id == id) taken.push_back(std::move(page));
      return taken.size() >= least;
    });
    EXPECT_GE(taken.size(), least) << "of webhook " << id;
    return taken;
  }
  // The records of all of them when there are `least`; none more may be on their way.
  std::vector<Json> records(std::size_t least, const std::string& id = "w") {
    std::vector<Json> all;
    eventually([&] {
      all.clear();
      for (const auto& page : pages(0, id))
        for (auto& record : Json::parse(page.data)) all.push_back(std::move(record));
      return all.size() >= least;
    });
    EXPECT_GE(all.size(), least) << "records of webhook " << id;
    return all;
  }
  // The same as text, `skip` left out.
  std::string records_text(std::size_t least, std::size_t skip = 0, const std::string& id = "w") {
    std::string text;
    const auto all = records(least, id);
    for (auto i = skip; i < all.size(); ++i) text += (text.empty() ? "" : " ") + all[i].dump();
    return text;
  }
  // After a trigger: what was to be sent is sent.
  void expect_nothing_queued(const std::string& id = "w") {
    EXPECT_TRUE(daemon_->reaches(id, [](const Json& status) { return status["queued_pages"] == 0; }));
  }

  const SystemClock clock_;
  std::unique_ptr<Shop> shop_;
  std::unique_ptr<Receiver> receiver_;
  std::unique_ptr<Daemon> daemon_;
};

// The same on every database.
class EveryDatabaseTest : public ProgramTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override { open_shop(GetParam()); }
};

inline std::string name_of_database(const ::testing::TestParamInfo<const char*>& info) {
  return info.param;
}
inline const auto every_database = ::testing::Values("sqlite", "postgres15", "postgres18", "mariadb", "mysql");

}  // namespace vhookd::testing
