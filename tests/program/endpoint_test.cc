// One endpoint and the others: none holds up another, none gets more than it can take, and TLS that is its own.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>

#include "core/crypto.h"
#include "core/signing_key.h"
#include "delivery/sign.h"
#include "tests/program/fixture.h"
#include "tests/support/hook.h"
#include "tests/support/node.h"
#include "tests/support/paths.h"
#include "tests/support/tls_server.h"

namespace vhookd::testing {
namespace {

using std::chrono::milliseconds;

class EndpointTest : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    shop_->run("CREATE TABLE things (id INTEGER PRIMARY KEY, note TEXT)");
  }
  void add(int first, int last) {
    for (int id = first; id <= last; ++id) shop_->run("INSERT INTO things (id) VALUES (" + std::to_string(id) + ")");
  }
  Keys to(const std::string& url, Keys keys = {}) const {
    keys.insert({{"hook_url", url}, {"include_all", "true"}, {"page_max_limit", "1"}, {"fields", "id"}});
    return keys;
  }
  bool all_delivered(const std::string& id = "w") {
    return daemon_->reaches(id, [](const Json& status) { return status["queued_pages"] == 0; });
  }
};

TEST_F(EndpointTest, HangingTricklingAndFloodingEndpointsHoldUpNobody) {
  RawServer hangs([](RawConnection& connection) {
    (void)connection.request();
    connection.wait_until_gone();
  });
  RawServer trickles([](RawConnection& connection) {
    (void)connection.request();
    connection.send("HTTP/1.1 2");
    while (connection.send("0") && !connection.gone_within(milliseconds(20))) {
    }
  });
  RawServer floods([](RawConnection& connection) {
    (void)connection.request();
    connection.send("HTTP/1.1 200 OK\r\n\r\n");
    while (connection.send(std::string(65536, 'x'))) {
    }
  });
  add(1, 20);
  // Many to each bad one, so that without bounds they would have every place there is.
  std::vector<Keys> webhooks;
  for (int i = 0; i < 12; ++i) {
    const auto name = std::to_string(i);
    webhooks.push_back(to(hangs.url(), {{"id", "hangs" + name}, {"timeout", "60s"}}));
    webhooks.push_back(to(trickles.url(), {{"id", "trickles" + name}, {"timeout", "60s"}}));
  }
  webhooks.push_back(to(floods.url(), {{"id", "floods"}}));
  webhooks.push_back({{"id", "w"}, {"include_all", "true"}, {"page_max_limit", "1"}});
  daemon_ = std::make_unique<Daemon>("limits: {deliveries: 16}\n" + yaml(webhooks));
  daemon_->start();
  EXPECT_EQ(pages(20).size(), 20U) << "all of it while the bad ones hold on to their places";
  EXPECT_TRUE(all_delivered("floods")) << "the status was read, and that is the answer";
  EXPECT_EQ(daemon_->status("hangs0")["queued_pages"], 20);
  EXPECT_LE(hangs.connections(), 4);
  EXPECT_LE(trickles.connections(), 4);
}

TEST_F(EndpointTest, NoMorePostsASecondThanRateLimit) {
  const Hook hook;
  add(1, 8);
  start({to(hook.url(), {{"rate_limit", "4"}})});
  ASSERT_TRUE(all_delivered());
  const auto posts = hook.posts(8);
  ASSERT_EQ(posts.size(), 8U);
  // They left 250 ms apart; one that was under way for longer than the next may come closer to it. So they are measured
  // from the one of the first four that was under way for the shortest time.
  std::chrono::steady_clock::duration more_than_apart = milliseconds(-10000);
  for (int i = 0; i < 4; ++i)
    more_than_apart =
        std::max(more_than_apart, posts[7].at - posts[static_cast<std::size_t>(i)].at - (7 - i) * milliseconds(250));
  EXPECT_GE(more_than_apart, milliseconds(-100));
}

TEST_F(EndpointTest, AnOverloadedEndpointGetsLessAtOnce) {
  std::atomic<int> under_way = 0;
  std::atomic<int> most = 0;
  std::atomic<bool> overloaded = true;
  const Hook hook([&](std::size_t) -> std::string {
    if (overloaded) return "504 Gateway Timeout";
    most = std::max(most.load(), ++under_way);
    std::this_thread::sleep_for(milliseconds(500));
    --under_way;
    return "200 OK";
  });
  add(1, 1);
  std::vector<Keys> webhooks;
  for (int i = 0; i < 12; ++i)
    webhooks.push_back(to(hook.url(), {{"id", "w" + std::to_string(i)}, {"retry", "{first: 300ms, max: 300ms}"}}));
  start(webhooks);
  hook.posts(24);
  overloaded = false;
  for (int i = 0; i < 12; ++i) EXPECT_TRUE(all_delivered("w" + std::to_string(i)));
  // It may go up by one with each success, from one.
  EXPECT_LE(most, 7);
}

TEST_F(EndpointTest, AfterAnOutageItIsNotRunDown) {
  using Clock = std::chrono::steady_clock;
  constexpr int webhooks = 6;
  constexpr milliseconds outage{6000};
  std::mutex mutex;
  std::optional<Clock::time_point> began;
  std::vector<Clock::time_point> taken;
  const Hook hook([&](std::size_t) -> std::string {
    const std::lock_guard lock(mutex);
    const auto now = Clock::now();
    if (!began) began = now;
    if (now < *began + outage) return "500 Broken";
    taken.push_back(now);
    return "200 OK";
  });
  add(1, 2);
  std::vector<Keys> all;
  for (int i = 0; i < webhooks; ++i)
    all.push_back(to(hook.url(), {{"id", "w" + std::to_string(i)}, {"retry", "{first: 100ms, max: 100ms}"}}));
  start(all);
  for (int i = 0; i < webhooks; ++i) ASSERT_TRUE(all_delivered("w" + std::to_string(i)));
  const std::lock_guard lock(mutex);
  ASSERT_EQ(taken.size(), 2U * webhooks);
  // All of them wait, and still they come one by one: a tenth of the outage between the first two, then half of that.
  // Half of it may be lost where the first is late.
  EXPECT_GE(taken[1] - taken[0], outage / 20);
  EXPECT_GE(taken[2] - taken[0], outage * 3 / 40);
}

TEST_F(EndpointTest, APrivateAuthorityAndACertificateOfItsOwn) {
  const Authority authority;
  const Authority clients;
  const TlsServer server(authority.issue("IP:127.0.0.1"), clients.pem());
  const Issued own = clients.issue("DNS:vhookd.test");
  add(1, 1);
  daemon_ = std::make_unique<Daemon>("");
  const auto file = [&](const char* name, const std::string& text) {
    std::ofstream(daemon_->folder() / name) << text;
    return (daemon_->folder() / name).string();
  };
  const Authority wrong;
  const auto ca = file("ca.pem", wrong.pem());
  daemon_->configure(yaml({to(server.url(), {{"tls", "{ca: " + ca + ", cert: " + file("own.pem", own.cert) +
                                                         ", key: " + file("own.key", own.key) + "}"}})}));
  daemon_->start();
  EXPECT_TRUE(daemon_->reaches("w", [](const Json& status) { return status["is_healthy"] == false; }));
  EXPECT_EQ(server.requests(), 0);
  // The file has other contents now, and a reload takes them.
  file("ca.pem", authority.pem());
  EXPECT_EQ(daemon_->ask({"reload"}).out, "changed: w\nunchanged: 0\n");
  EXPECT_TRUE(all_delivered()) << daemon_->status("w").dump(2);
  EXPECT_EQ(server.requests(), 1);
  file("own.key", "nothing");
  const auto checked = daemon_->ask({"check"});
  EXPECT_EQ(checked.code, 78);
  EXPECT_TRUE(checked.err.contains("tls.key: contains no readable private key")) << checked.err;
}

TEST_F(EndpointTest, SharedAndEd25519SecretsSignSideBySide) {
  const Hook hook;
  const KeyPair pair = fresh_key_pair();
  add(1, 1);
  start({to(hook.url(), {{"secret", "[" + pair.secret_text + ", " + std::string(secret) + "]"}})});
  const auto post = hook.posts(1).at(0);
  const auto header = post.header("webhook-signature");
  const auto id = post.header("webhook-id");
  const auto timestamp = post.header("webhook-timestamp");
  EXPECT_TRUE(header.starts_with("v1a,") && header.contains(" v1,")) << header;
  EXPECT_TRUE(verify_ed25519(*parse_public_key(pair.public_text), id, timestamp, post.body, header));
  EXPECT_TRUE(verify_standard(*parse_webhook_secret(secret), id, timestamp, post.body, header));
  const auto body = Json::parse(post.body);
  EXPECT_EQ(body["sig256"], hex_lower(hmac_sha256(parse_webhook_secret(secret)->reveal(), R"([{"id":1}])",
                                                  body["nonce"].get<std::string>())));
  EXPECT_FALSE(daemon_->log().contains(pair.secret_text.substr(5, 20)));
}

TEST_F(EndpointTest, TheVerifiersOfOthersTakeWhatIsSent) {
  std::string why;
  const auto package = npm_package("standardwebhooks@1.1.1", why);
  if (package.empty()) GTEST_SKIP() << "NO standardwebhooks IN THIS RUN: " << why;
  const Hook hook;
  const KeyPair pair = fresh_key_pair();
  const std::string second = "whsec_c2Vjb25kIHNlY3JldCBvZiB0aGlydHktdHdvIGJ5dGVzISE=";
  shop_->run("INSERT INTO things (id, note) VALUES (1, 'schön ✓ \"quoted\"')");
  start({to(hook.url(),
            {{"secret", "[" + std::string(secret) + ", " + pair.secret_text + ", " + second + "]"}, {"fields", ""}})});
  const auto post = hook.posts(1).at(0);
  Json asked = {{"body", post.body}, {"secrets", {secret, second}}, {"public_keys", Json::array({pair.public_text})}};
  for (const char* name : {"webhook-id", "webhook-timestamp", "webhook-signature"})
    asked["headers"][name] = post.header(name);
  const auto file = (daemon_->folder() / "asked.json").string();
  std::ofstream(file) << asked.dump();
  const auto verify = "node " + source_dir() + "/tests/delivery/standardwebhooks.mjs '" + package + "' < '" + file +
                      "' > '" + file + ".out' 2>&1";
  EXPECT_EQ(std::system(verify.c_str()), 0) << read_file(file + ".out");
  EXPECT_EQ(read_file(file + ".out"), "verified\n");
}

TEST_F(EndpointTest, AReloadChangesWhereItMaySend) {
  shop_->run("INSERT INTO things (id) VALUES (1)");
  start({{{"include_all", "true"}}});
  EXPECT_EQ(records(1).size(), 1U);
  daemon_->configure("egress: {deny: [127.0.0.0/8]}\n" + yaml({{{"include_all", "true"}}}));
  const auto said = daemon_->ask({"reload"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_FALSE((said.out + said.err).contains("restart")) << said.out << said.err;
  shop_->run("INSERT INTO things (id) VALUES (2)");
  trigger();
  EXPECT_TRUE(daemon_->reaches("w", [](const Json& status) {
    return status.value("last_error", "").contains("egress.deny");
  })) << daemon_->status("w").dump(2);
  EXPECT_EQ(records(1).size(), 1U);
  daemon_->configure(yaml({{{"include_all", "true"}}}));
  EXPECT_EQ(daemon_->ask({"reload"}).code, 0);
  EXPECT_EQ(records(2).size(), 2U);
}

TEST_F(EndpointTest, AFreshPairIsPrinted) {
  const auto said = run({"secret", "--ed25519"});
  EXPECT_EQ(said.code, 0);
  const auto middle = said.out.find('\n');
  const auto key = parse_signing_key(said.out.substr(0, middle));
  ASSERT_TRUE(key) << key.error();
  EXPECT_EQ(said.out.substr(middle + 1), "whpk_" + base64(ed25519_public(key->reveal())) + "\n");
  EXPECT_TRUE(run({"secret"}).out.starts_with("whsec_"));
}

}  // namespace
}  // namespace vhookd::testing
