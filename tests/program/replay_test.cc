// Pages sent again because somebody asked, what follows a dead page, and pages that are split until the one record
// a receiver refuses is alone.
#include <atomic>

#include "tests/program/fixture.h"
#include "tests/support/hook.h"

namespace vhookd::testing {
namespace {

class ReplayTest : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    shop_->run("CREATE TABLE things (id INTEGER PRIMARY KEY, note TEXT)");
  }
  void add(int first, int last) {
    for (int id = first; id <= last; ++id) shop_->run("INSERT INTO things (id) VALUES (" + std::to_string(id) + ")");
  }
  Keys to(const Hook& hook, Keys keys = {}) const {
    keys.insert({{"hook_url", hook.url()}, {"include_all", "true"}, {"page_max_limit", "1"}, {"fields", "id"}});
    return keys;
  }
  bool all_delivered() {
    return daemon_->reaches(
        "w", [](const Json& status) { return status["queued_pages"] == 0 && !status.contains("replay_pages"); });
  }
  Ended replay(Arguments arguments) const {
    arguments.insert(arguments.begin(), {"replay", "w"});
    return daemon_->ask(std::move(arguments));
  }
  static std::uint64_t sequence(const Post& post) { return Json::parse(post.body)["sequence"].get<std::uint64_t>(); }
  static std::string data(const Post& post) { return Json::parse(post.body)["data"].dump(); }
  static std::string sequences(const std::vector<Post>& posts, std::size_t from = 0) {
    std::string text;
    for (auto i = from; i < posts.size(); ++i) text += (i == from ? "" : " ") + std::to_string(sequence(posts[i]));
    return text;
  }
};

TEST_F(ReplayTest, DeliveredPagesAreSentAgainAndTheLineGoesOn) {
  const Hook hook;
  add(1, 4);
  start({to(hook)});
  ASSERT_TRUE(all_delivered());
  const auto first = hook.posts(4);
  EXPECT_EQ(first[0].header("vhookd-replay"), "");
  const auto said = replay({"--from", "2", "--to", "3"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(said.out, "2 pages of w queued again\n");
  ASSERT_TRUE(all_delivered());
  auto posts = hook.posts(6);
  EXPECT_EQ(sequences(posts), "1 2 3 4 2 3");
  for (const std::size_t i : {4, 5}) {
    EXPECT_EQ(posts[i].header("vhookd-replay"), "true");
    EXPECT_EQ(posts[i].body, first[i - 3].body);
    EXPECT_EQ(posts[i].header("webhook-id"), first[i - 3].header("webhook-id"));
    EXPECT_TRUE(posts[i].header("webhook-signature").starts_with("v1,"));
  }
  // A restart keeps what is kept; the next change has the next number.
  EXPECT_EQ(daemon_->stop(), 0);
  daemon_->start();
  add(5, 5);
  trigger();
  ASSERT_TRUE(all_delivered());
  const auto since = Json::parse(daemon_->ask({"replay", "w", "--since", "2020-01-01T00:00:00Z", "--json"}).out);
  EXPECT_EQ(since["queued"], 5);
  ASSERT_TRUE(all_delivered());
  EXPECT_EQ(sequences(hook.posts(12), 6), "5 1 2 3 4 5");
  EXPECT_EQ(daemon_->status("w")["is_healthy"], true);
}

TEST_F(ReplayTest, NothingThatMatchesIsSaid) {
  const Hook hook;
  add(1, 1);
  start({to(hook)});
  ASSERT_TRUE(all_delivered());
  for (const Arguments& range : {Arguments{"--from", "2"}, {"--since", "2090-01-01T00:00:00Z"}, {"--dead"}}) {
    const auto said = replay(range);
    EXPECT_EQ(said.code, 1) << said.out;
    EXPECT_TRUE(said.err.contains("nothing to replay: w has")) << said.err;
  }
  EXPECT_TRUE(replay({"--from", "2"}).err.contains("1 kept delivered pages, none of them in this range"));
  EXPECT_EQ(daemon_->ask({"replay", "x", "--dead"}).code, 1);
  for (const Arguments& wrong : {Arguments{},
                                 {"--from", "0"},
                                 {"--from", "3", "--to", "2"},
                                 {"--since", "yesterday"},
                                 {"--dead", "--url", "ftp://x/"}})
    EXPECT_EQ(replay(wrong).code, 64);
  EXPECT_EQ(hook.posts(1).size(), 1U);
}

TEST_F(ReplayTest, WhatIsNotKeptCannotBeReplayed) {
  const Hook hook;
  add(1, 2);
  start({to(hook, {{"keep", "{for: 0s}"}})});
  ASSERT_TRUE(all_delivered());
  const auto said = replay({"--from", "1"});
  EXPECT_EQ(said.code, 1);
  EXPECT_TRUE(said.err.contains("0 kept delivered pages")) << said.err;
}

TEST_F(ReplayTest, AnotherUrlGetsThePagesWithoutTheHooksOwnHeaders) {
  const Hook hook;
  const Hook elsewhere([](std::size_t number) { return number == 0 ? "500 Broken" : "200 OK"; });
  add(1, 2);
  start({to(hook, {{"headers", "{x-token: 'for the hook alone'}"}})});
  ASSERT_TRUE(all_delivered());
  EXPECT_EQ(hook.posts(1)[0].header("x-token"), "for the hook alone");
  EXPECT_EQ(replay({"--from", "1", "--url", elsewhere.url()}).code, 0);
  const auto posts = elsewhere.posts(3);
  EXPECT_EQ(sequences(posts), "1 1 2");
  EXPECT_EQ(posts[2].header("x-token"), "");
  EXPECT_EQ(posts[2].header("vhookd-replay"), "true");
  EXPECT_EQ(posts[2].body, hook.posts(2)[1].body);
  ASSERT_TRUE(all_delivered());
  EXPECT_EQ(hook.posts(2).size(), 2U);
  EXPECT_EQ(daemon_->status("w")["is_healthy"], true) << "what fails elsewhere is no fault of the hook";
  // Link-local is refused whoever asks.
  EXPECT_EQ(replay({"--from", "1", "--to", "1", "--url", "http://169.254.169.254/"}).code, 0);
  EXPECT_TRUE(daemon_->program().says("which vhookd never sends to"));
}

TEST_F(ReplayTest, DeadPagesInARangeGoInTheirOrderMarked) {
  std::atomic<bool> broken = true;
  const Hook hook([&](std::size_t) -> std::string { return broken ? "500 Broken" : "200 OK"; });
  add(1, 3);
  start({to(hook, {{"retry", "{for: 300ms, first: 50ms, max: 50ms}"}, {"on_dead", "continue"}})});
  ASSERT_TRUE(daemon_->reaches("w", [](const Json& status) { return status["dead_pages"] == 3; }))
      << "each is passed over";
  EXPECT_EQ(daemon_->status("w")["is_healthy"], false);
  broken = false;
  const auto tried = hook.posts(3).size();
  add(4, 4);
  trigger();
  hook.posts(tried + 1);
  EXPECT_EQ(replay({"--dead", "--from", "2"}).out, "2 dead pages of w queued again\n");
  ASSERT_TRUE(all_delivered());
  const auto posts = hook.posts(tried + 3);
  EXPECT_EQ(sequences(posts, tried), "4 2 3");
  EXPECT_EQ(posts.back().header("vhookd-replay"), "true");
  EXPECT_EQ(daemon_->status("w")["dead_pages"], 1);
  EXPECT_EQ(daemon_->status("w")["is_healthy"], true);
}

TEST_F(ReplayTest, ARecordThatIsRefusedIsFoundAndTheOthersPass) {
  const auto refuses = [](const Post& post) -> std::string {
    return post.body.contains(R"({"id":6})") || post.body.contains(R"({"id":7})") ? "422 Unprocessable" : "200 OK";
  };
  const Hook hook(refuses);
  add(1, 20);
  start({to(hook, {{"page_max_limit", "10"}, {"on_reject", "split"}, {"retry", "{first: 20ms, max: 20ms}"}})});
  ASSERT_TRUE(daemon_->reaches("w", [](const Json& status) { return status["dead_pages"] == 2; }));
  ASSERT_TRUE(all_delivered());
  add(21, 21);
  trigger();
  ASSERT_TRUE(all_delivered());
  std::map<std::string, std::string> bodies;
  std::string records;
  std::uint64_t last = 0;
  for (const auto& post : hook.posts(1)) {
    const auto [known, fresh] = bodies.emplace(post.header("webhook-id"), post.body);
    EXPECT_TRUE(fresh || known->second == post.body) << "the same id has the same body";
    if (refuses(post) != "200 OK") continue;
    EXPECT_EQ(sequence(post), last + 1) << "those taken are numbered without a gap";
    last = sequence(post);
    const auto body = Json::parse(post.body);
    for (const auto& record : body["data"]) records += record["id"].dump() + " ";
  }
  EXPECT_EQ(records, "1 2 3 4 5 8 9 10 11 12 13 14 15 16 17 18 19 20 21 ");
  const auto dead = Json::parse(daemon_->ask({"dead", "list", "w", "--json"}).out);
  ASSERT_EQ(dead.size(), 2U);
  for (const auto& page : dead) EXPECT_EQ(page["records"], 1);
  EXPECT_TRUE(daemon_->log().contains("record-isolated"));
  EXPECT_EQ(daemon_->status("w")["is_healthy"], true);
  EXPECT_EQ(daemon_->ask({"dead", "drop", dead[0]["page"]}).code, 0);
  EXPECT_EQ(daemon_->status("w")["dead_pages"], 1);
}

TEST_F(ReplayTest, ASplitSurvivesAKill) {
  std::atomic<bool> open = false;
  const Hook hook([&](const Post& post) -> std::string {
    if (post.body.contains(R"({"id":3})")) return "400 Bad";
    return open ? "200 OK" : "500 Broken";
  });
  add(1, 4);
  start({to(hook, {{"page_max_limit", "4"}, {"on_reject", "split"}, {"retry", "{first: 20ms, max: 20ms}"}})});
  EXPECT_TRUE(daemon_->program().says("page-split"));
  daemon_->kill();
  open = true;
  daemon_->start();
  ASSERT_TRUE(daemon_->reaches("w", [](const Json& status) { return status["dead_pages"] == 1; }));
  ASSERT_TRUE(all_delivered());
  std::string taken;
  for (const auto& post : hook.posts(1))
    if (!post.body.contains(R"({"id":3})") && Json::parse(post.body)["data"].size() < 4) taken = data(post);
  EXPECT_EQ(taken, R"([{"id":4}])");
}

TEST_F(ReplayTest, WithoutSplittingARefusedPageIsTriedAsItIs) {
  std::atomic<bool> broken = true;
  const Hook hook([&](std::size_t) -> std::string { return broken ? "400 Bad" : "200 OK"; });
  add(1, 3);
  start({to(hook, {{"page_max_limit", "3"}, {"retry", "{first: 20ms, max: 20ms}"}})});
  hook.posts(6);
  EXPECT_TRUE(daemon_->status("w")["last_error"].get<std::string>().contains("likely permanent"));
  broken = false;
  ASSERT_TRUE(all_delivered());
  for (const auto& post : hook.posts(7)) EXPECT_EQ(post.body, hook.posts(1)[0].body);
}

}  // namespace
}  // namespace vhookd::testing
