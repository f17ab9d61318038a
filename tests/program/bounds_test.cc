// Where vhookd holds back: a full outbox, a mass change, rows deleted softly; and what a changed configuration keeps.
#include <atomic>
#include <set>

#include "tests/program/fixture.h"
#include "tests/support/hook.h"

namespace vhookd::testing {
namespace {

class BoundsTest : public ProgramTest {
 protected:
  void make_things(int rows, const std::string& more = "") {
    shop_->run("CREATE TABLE things (id INTEGER PRIMARY KEY, note TEXT" + more + ")");
    fill(1, rows);
  }
  void fill(int first, int last) {
    std::string values;
    for (int id = first; id <= last; ++id)
      values += (id == first ? "" : ", ") + ("(" + std::to_string(id)) + ", '" + std::string(2000, 'x') + "')";
    shop_->run("INSERT INTO things (id, note) VALUES " + values);
  }
  std::string ids(const std::vector<Json>& records) {
    std::string text;
    for (const auto& record : records) text += (text.empty() ? "" : " ") + record["id"].dump();
    return text;
  }
};

TEST_F(BoundsTest, AFullOutboxMakesPollingWaitAndLosesNothing) {
  make_things(1);
  std::atomic<bool> broken = true;
  const Hook hook([&](std::size_t) -> std::string { return broken ? "500 Broken" : "200 OK"; });
  daemon_ =
      std::make_unique<Daemon>("limits: {outbox_bytes: 1MiB}\n" + yaml({{{"hook_url", hook.url()},
                                                                         {"interval", "100ms"},
                                                                         {"page_max_limit", "100"},
                                                                         {"retry", "{first: 100ms, max: 100ms}"}}}));
  daemon_->start();
  polled("w");
  int last = 1;
  // 200 kB each: the outbox is full after a few, whatever share of it is this webhook's.
  for (int batch = 0; batch < 12; ++batch, last += 100) {
    fill(last + 1, last + 100);
    daemon_->ask({"trigger", "w"});
  }
  EXPECT_TRUE(daemon_->program().says("outbox-full"));
  EXPECT_LT(daemon_->status("w")["queued_pages"], 12);
  EXPECT_EQ(daemon_->ask({"trigger", "w"}).code, 1);
  EXPECT_TRUE(daemon_->ask({"trigger", "w"}).out.contains("outbox"));
  EXPECT_EQ(daemon_->status("w")["is_healthy"], false);
  EXPECT_FALSE(daemon_->status("w").value("last_error", "").empty());
  broken = false;
  std::set<std::int64_t> came;
  EXPECT_TRUE(eventually([&] {
    came.clear();
    for (const auto& post : hook.posts(0)) {
      const auto body = Json::parse(post.body);
      for (const auto& record : body["data"]) came.insert(record["id"].get<std::int64_t>());
    }
    return came.size() == 1200;
  })) << came.size();
  EXPECT_TRUE(daemon_->reaches("w", [](const Json& status) {
    return status["queued_pages"] == 0 && status["is_healthy"] == true && !status.contains("last_error");
  })) << daemon_->status("w").dump(2);
}

TEST_F(BoundsTest, AWebhookHasAQuarterOfTheOutboxAndAllHaveTheWhole) {
  make_things(1);
  const Hook hook([](std::size_t) { return "500 Broken"; });
  const auto to_it = [&](const std::string& id) {
    return Keys{{"id", id}, {"hook_url", hook.url()}, {"interval", "1h"}, {"page_max_limit", "100"}};
  };
  std::vector<Keys> webhooks = {to_it("w")};
  daemon_ = std::make_unique<Daemon>("limits: {outbox_bytes: 1MiB}\n" + yaml(webhooks));
  daemon_->start();
  polled("w");
  const auto polls = [&](const std::string& id) { return daemon_->ask({"trigger", id}).code == 0; };
  // 200 kB each.
  fill(2, 101);
  EXPECT_TRUE(polls("w"));
  fill(102, 201);
  EXPECT_TRUE(polls("w")) << "not yet a quarter";
  fill(202, 301);
  EXPECT_FALSE(polls("w"));
  for (int i = 0; i < 4; ++i) webhooks.push_back(to_it("other" + std::to_string(i)));
  daemon_->configure("limits: {outbox_bytes: 1MiB}\n" + yaml(webhooks));
  ASSERT_EQ(daemon_->ask({"reload"}).code, 0);
  for (int i = 0; i < 4; ++i) polled("other" + std::to_string(i));
  fill(302, 401);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(polls("other" + std::to_string(i))) << "it has nothing there yet";
  fill(402, 501);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(polls("other" + std::to_string(i))) << "under its quarter, but all is full";
}

TEST_F(BoundsTest, AMassChangeIsHeldAndSentWhenResumed) {
  make_things(10);
  start({{{"event", "deleted"}, {"hold_if_changed_over", "40%"}}});
  shop_->run("DELETE FROM things WHERE id <= 3");
  trigger();
  EXPECT_EQ(ids(records(3)), "1 2 3");
  expect_nothing_queued();
  shop_->run("DELETE FROM things WHERE id <= 9");
  daemon_->ask({"trigger", "w"});
  auto status = daemon_->status("w");
  EXPECT_EQ(status["is_healthy"], false);
  EXPECT_EQ(status["is_paused"], true);
  EXPECT_TRUE(status["last_error"].get<std::string>().contains("hold_if_changed_over")) << status["last_error"];
  EXPECT_EQ(status["queued_pages"], 0);
  EXPECT_EQ(records(3).size(), 3U);
  EXPECT_EQ(daemon_->ask({"resume", "w"}).code, 0);
  EXPECT_EQ(ids(records(9)), "1 2 3 4 5 6 7 8 9");
  EXPECT_TRUE(daemon_->reaches("w", [](const Json& now) { return now["is_healthy"] == true; }));
}

TEST_F(BoundsTest, SoftDeletes) {
  make_things(3, ", deleted_at TEXT");
  start({{{"event", "deleted"}, {"deleted_column", "deleted_at"}, {"fields", "id, deleted_at"}}});
  shop_->run("UPDATE things SET deleted_at = '2026-11-23 09:00:00' WHERE id = 2");
  trigger();
  EXPECT_EQ(records_text(1), R"({"id":2,"deleted_at":"2026-11-23 09:00:00"})");
  shop_->run("DELETE FROM things WHERE id IN (2, 3)");
  trigger();
  expect_nothing_queued();
  const auto gone = records(2);
  ASSERT_EQ(gone.size(), 2U) << "what was deleted softly does not go twice";
  EXPECT_EQ(gone[1]["id"], 3);
}

TEST_F(BoundsTest, WhatIsQueuedGoesToTheNewUrl) {
  make_things(2);
  const Hook broken([](std::size_t) { return "500 Broken"; });
  start({{{"include_all", "true"}, {"page_max_limit", "1"}, {"hook_url", broken.url()}}});
  const auto first = broken.posts(1).at(0);
  const Hook fixed;
  daemon_->configure(yaml({{{"include_all", "true"}, {"page_max_limit", "1"}, {"hook_url", fixed.url()}}}));
  EXPECT_EQ(daemon_->ask({"reload"}).code, 0);
  const auto posts = fixed.posts(2);
  EXPECT_EQ(posts[0].header("webhook-id"), first.header("webhook-id"));
  EXPECT_EQ(posts[0].body, first.body) << "the id stands for this very body";
  EXPECT_EQ(Json::parse(posts[1].body)["sequence"], 2);
}

TEST_F(BoundsTest, OtherFieldsBeginAnewWithoutAGap) {
  make_things(2);
  start({{{"include_all", "true"}, {"fields", "id"}}});
  pages(1);
  daemon_->configure(yaml({{{"include_all", "true"}, {"fields", "id, note"}}}));
  EXPECT_EQ(daemon_->ask({"reload"}).code, 0);
  const auto taken = pages(2);
  EXPECT_EQ(taken.at(1).sequence, 2U);
  EXPECT_EQ(taken.at(1).type, "INITIAL-COMPLETE");
  EXPECT_TRUE(Json::parse(taken.at(1).data)[0].contains("note"));
  EXPECT_EQ(receiver_->counts().gaps, 0);
}

}  // namespace
}  // namespace vhookd::testing
