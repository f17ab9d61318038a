// What becomes of a page whose hook does not simply say 200: kept, sent again, in order, the same.
#include <signal.h>

#include <condition_variable>
#include <set>

#include "core/crypto.h"

#include "tests/program/fixture.h"
#include "tests/support/hook.h"

namespace vhookd::testing {
namespace {

using std::chrono::milliseconds;

class DeliveryTest : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    shop_->run("CREATE TABLE things (id INTEGER PRIMARY KEY, note TEXT)");
    add(1);
  }
  void add(int id) { shop_->run("INSERT INTO things (id) VALUES (" + std::to_string(id) + ")"); }
  // One record to a page, all rows that are there first.
  Keys to(const Hook& hook, Keys keys = {}) const {
    keys.insert({{"hook_url", hook.url()}, {"include_all", "true"}, {"page_max_limit", "1"}, {"fields", "id"}});
    return keys;
  }
  // The hook has said 200 to the last of them.
  bool all_delivered(const std::string& id = "w") {
    return daemon_->reaches(id, [](const Json& status) { return status["queued_pages"] == 0; });
  }
  static std::string data(const Post& post) { return Json::parse(post.body)["data"].dump(); }
  static milliseconds between(const Post& a, const Post& b) {
    return std::chrono::duration_cast<milliseconds>(b.at - a.at);
  }
};

// Lets the answers of a hook wait until the test has looked.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, timeout, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

TEST_F(DeliveryTest, GonePausesAndKeepsThePage) {
  const Hook hook([](std::size_t number) { return number == 0 ? "410 Gone" : "200 OK"; });
  add(2);
  start({to(hook, {{"interval", "100ms"}})});
  ASSERT_TRUE(daemon_->reaches("w", [](const Json& status) { return status["is_paused"] == true; }));
  const auto status = daemon_->status("w");
  EXPECT_EQ(status["is_healthy"], false);
  EXPECT_EQ(status["queued_pages"], 2);
  EXPECT_TRUE(status["last_error"].get<std::string>().contains("410")) << status["last_error"];
  EXPECT_EQ(daemon_->ask({"trigger", "w"}).code, 1);
  // A restart does not forget it.
  EXPECT_EQ(daemon_->stop(), 0);
  daemon_->start();
  EXPECT_EQ(daemon_->status("w")["is_paused"], true);
  EXPECT_EQ(daemon_->status("w")["is_healthy"], false);
  EXPECT_EQ(hook.posts(1).size(), 1U);
  EXPECT_EQ(daemon_->ask({"resume", "w"}).code, 0);
  ASSERT_TRUE(all_delivered());
  const auto posts = hook.posts(3);
  EXPECT_EQ(posts[1].body, posts[0].body);
  EXPECT_EQ(posts[1].header("webhook-id"), posts[0].header("webhook-id"));
  EXPECT_EQ(data(posts[2]), R"([{"id":2}])");
  EXPECT_EQ(daemon_->status("w")["is_healthy"], true);
}

TEST_F(DeliveryTest, ErrorsAreRetriedUntilTheyPassAndInOrder) {
  Gate seen;
  const Hook hook([&](std::size_t number) -> std::string {
    if (number == 2) seen.pass();
    constexpr const char* answers[] = {"500 Broken", "404 Not Found", "400 Bad Request", "200 OK", "503 Busy"};
    return number < 5 ? answers[number] : "204 No Content";
  });
  add(2);
  add(3);
  start({to(hook)});
  EXPECT_TRUE(daemon_->reaches("w", [](const Json& status) { return status["is_healthy"] == false; }))
      << "two failures in a row";
  const auto error = daemon_->status("w")["last_error"].get<std::string>();
  EXPECT_TRUE(error.contains("404")) << error;
  seen.open();
  ASSERT_TRUE(all_delivered());
  const auto posts = hook.posts(7);
  ASSERT_EQ(posts.size(), 7U);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(posts[i].body, posts[0].body);
  EXPECT_EQ(posts[5].body, posts[4].body);
  std::set<std::string> ids;
  for (const auto& post : posts) ids.insert(post.header("webhook-id"));
  EXPECT_EQ(ids.size(), 3U);
  EXPECT_EQ(data(posts[3]) + data(posts[5]) + data(posts[6]), R"([{"id":1}][{"id":2}][{"id":3}])");
  EXPECT_EQ(daemon_->status("w")["is_healthy"], true);
}

TEST_F(DeliveryTest, RetryAfterIsHonoured) {
  const Hook hook([](std::size_t number) -> std::string {
    if (number == 0) return "429 Slow down\r\nretry-after: 1";
    if (number == 1) return "503 Busy\r\nRetry-After: 2";
    return "200 OK";
  });
  start({to(hook, {{"retry", "{first: 100ms, max: 100ms}"}})});
  const auto posts = hook.posts(3);
  EXPECT_GE(between(posts[0], posts[1]), milliseconds(1000));
  EXPECT_GE(between(posts[1], posts[2]), milliseconds(2000));
  EXPECT_LT(between(posts[0], posts[2]), milliseconds(20000));
}

TEST_F(DeliveryTest, WhatAReceiverSaidOnceIsShownWhileItIsWaitedFor) {
  const Hook hook([](std::size_t number) -> std::string {
    return number == 0 ? "503 Busy\r\nretry-after: 99999999999" : "200 OK";
  });
  start({to(hook, {{"retry", "{first: 1h, max: 1h}"}})});
  EXPECT_TRUE(daemon_->reaches("w", [](const Json& status) {
    const auto error = status.value("last_error", "");
    return error.contains("503") && error.contains("ignored: more than a year");
  }));
  EXPECT_EQ(daemon_->status("w")["is_healthy"], true) << "once is no reason yet";
}

TEST_F(DeliveryTest, ARedirectIsNotFollowed) {
  const Hook elsewhere;
  const Hook hook([&](std::size_t number) -> std::string {
    return number == 0 ? "302 Found\r\nlocation: " + elsewhere.url() : "200 OK";
  });
  start({to(hook)});
  EXPECT_EQ(hook.posts(2).size(), 2U);
  EXPECT_TRUE(elsewhere.posts(0).empty());
}

TEST_F(DeliveryTest, APageOutOfRetriesIsDeadKeptAndReplayable) {
  std::atomic<bool> broken = true;
  const Hook hook([&](std::size_t) -> std::string { return broken ? "500 Broken" : "200 OK"; });
  add(2);
  start({to(hook, {{"retry", "{for: 1s, first: 100ms, max: 100ms}"}})});
  ASSERT_TRUE(daemon_->reaches("w", [](const Json& status) { return status["dead_pages"] == 1; }));
  auto status = daemon_->status("w");
  EXPECT_EQ(status["is_healthy"], false);
  EXPECT_EQ(status["queued_pages"], 1) << "what follows waits: the order is kept";
  const auto list = Json::parse(daemon_->ask({"dead", "list", "--json"}).out);
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0]["webhook_id"], "w");
  EXPECT_EQ(list[0]["sequence"], 1);
  EXPECT_TRUE(daemon_->ask({"dead", "list"}).out.contains(list[0]["page"].get<std::string>()));
  const auto shown = Json::parse(daemon_->ask({"dead", "show", list[0]["page"], "--json"}).out);
  EXPECT_TRUE(shown["error"].get<std::string>().contains("500"));
  broken = false;
  const auto tried = hook.posts(1).size();
  // A restart leaves it dead.
  EXPECT_EQ(daemon_->stop(), 0);
  daemon_->start();
  EXPECT_EQ(daemon_->status("w")["dead_pages"], 1);
  EXPECT_EQ(daemon_->status("w")["is_healthy"], false);
  EXPECT_EQ(hook.posts(tried).size(), tried);
  const auto replayed = daemon_->ask({"replay", "w", "--dead"});
  EXPECT_EQ(replayed.code, 0) << replayed.err;
  ASSERT_TRUE(all_delivered());
  const auto posts = hook.posts(tried + 2);
  EXPECT_EQ(posts[tried].body, posts[0].body);
  EXPECT_EQ(posts[tried].header("webhook-id"), posts[0].header("webhook-id"));
  EXPECT_EQ(data(posts[tried + 1]), R"([{"id":2}])");
  status = daemon_->status("w");
  EXPECT_EQ(status["is_healthy"], true) << status.dump(2);
  EXPECT_EQ(status["dead_pages"], 0);
}

TEST_F(DeliveryTest, AReceiverThatIsDownGetsAllWhenItIsBack) {
  start({{{"include_all", "true"}, {"interval", "100ms"}, {"fields", "id"}}});
  pages(1);
  ASSERT_TRUE(all_delivered());  // else the page comes again, to a receiver that does not know it
  const int port = receiver_->port();
  receiver_.reset();
  add(2);
  EXPECT_TRUE(daemon_->reaches("w", [](const Json& status) { return status["is_healthy"] == false; }));
  add(3);
  EXPECT_TRUE(daemon_->reaches("w", [](const Json& status) { return status["queued_pages"] >= 2; }));
  open_receiver(port);
  EXPECT_EQ(records_text(2), R"({"id":2} {"id":3})");
  EXPECT_EQ(receiver_->counts().gaps, 0);
  EXPECT_EQ(pages(1).at(0).sequence, 2U);
  EXPECT_TRUE(daemon_->reaches("w", [](const Json& status) { return status["is_healthy"] == true; }));
}

TEST_F(DeliveryTest, NoAnswerInTimeIsRetriedAndHoldsUpNobodyElse) {
  Gate done, seen;  // the first request is never answered in time; the retries wait until the status was read
  const Hook slow([&](std::size_t number) -> std::string {
    (number == 0 ? done : seen).pass();
    return "200 OK";
  });
  start({to(slow, {{"id", "slow"}, {"timeout", "2s"}}), {{"id", "w"}, {"include_all", "true"}}});
  EXPECT_EQ(pages(1).size(), 1U);
  slow.posts(1);
  EXPECT_EQ(daemon_->status("slow")["queued_pages"], 1);
  seen.open();
  const auto posts = slow.posts(2);
  EXPECT_GE(between(posts[0], posts[1]), milliseconds(1900));
  EXPECT_EQ(posts[1].body, posts[0].body);
  EXPECT_TRUE(all_delivered("slow"));
  done.open();
}

TEST_F(DeliveryTest, TermLetsTheRequestUnderWayFinish) {
  Gate gate;
  const Hook hook([&](std::size_t) -> std::string {
    gate.pass();
    return "200 OK";
  });
  add(2);
  start({to(hook)});
  hook.posts(1);
  daemon_->program().signal(SIGTERM);
  EXPECT_TRUE(daemon_->program().says("stopping"));
  EXPECT_FALSE(daemon_->program().wait(milliseconds(300)));
  gate.open();
  EXPECT_EQ(daemon_->program().wait(), 0);
  EXPECT_EQ(hook.posts(1).size(), 1U) << "nothing new is begun";
  daemon_->start();
  ASSERT_TRUE(all_delivered());
  const auto posts = hook.posts(2);
  ASSERT_EQ(posts.size(), 2U) << "the answered page is not sent again";
  EXPECT_EQ(data(posts[1]), R"([{"id":2}])");
}

TEST_F(DeliveryTest, ASecondTermStopsAtOnceAndThePageComesAgainTheSame) {
  Gate gate;
  const Hook hook([&](std::size_t number) -> std::string {
    if (number == 0) gate.pass();
    return "200 OK";
  });
  start({to(hook)});
  hook.posts(1);
  daemon_->program().signal(SIGTERM);
  EXPECT_TRUE(daemon_->program().says("stopping"));
  daemon_->program().signal(SIGTERM);
  // The first signal alone gives the request 12 s.
  EXPECT_EQ(daemon_->program().wait(milliseconds(10000)), 0);
  gate.open();
  daemon_->start();
  const auto posts = hook.posts(2);
  EXPECT_EQ(posts[1].body, posts[0].body);
  EXPECT_EQ(posts[1].header("webhook-id"), posts[0].header("webhook-id"));
}

TEST_F(DeliveryTest, SeveralSecretsSignInTheirOrder) {
  constexpr auto second = "whsec_c2Vjb25kIHNlY3JldCBvZiB0aGlydHktdHdvIGJ5dGVzISE=";
  const Hook hook;
  start({to(hook, {{"secret", std::string("[") + second + ", " + secret + "]"}})});
  const auto post = hook.posts(1).at(0);
  const auto signed_with = [&](const char* text) {
    const auto made = post.header("webhook-id") + "." + post.header("webhook-timestamp") + ".";
    return "v1," + base64(hmac_sha256(parse_webhook_secret(text)->reveal(), made, post.body));
  };
  EXPECT_EQ(post.header("webhook-signature"), signed_with(second) + " " + signed_with(secret));
}

TEST_F(DeliveryTest, WithoutASecretNothingIsSigned) {
  const Hook hook;
  start({to(hook, {{"secret", ""}})});
  const auto post = hook.posts(1).at(0);
  EXPECT_EQ(post.header("webhook-signature"), "");
  EXPECT_FALSE(Json::parse(post.body).contains("sig256"));
}

}  // namespace
}  // namespace vhookd::testing
