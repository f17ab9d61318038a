// How the daemon starts, reloads, goes on beside what is broken, and ends.
#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>

#include "tests/program/fixture.h"
#include "tests/support/hook.h"
#include "tests/support/http_client.h"

namespace vhookd::testing {
namespace {

using std::chrono::milliseconds;

bool listens(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const bool taken = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return taken;
}

class LifeTest : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    shop_->run("CREATE TABLE things (id INTEGER PRIMARY KEY, note TEXT)");
    add(1);
  }
  void add(int id) { shop_->run("INSERT INTO things (id) VALUES (" + std::to_string(id) + ")"); }
};

TEST_F(LifeTest, TermAndIntEndIt) {
  start({{{"id", "w"}}});
  EXPECT_EQ(daemon_->stop(), 0);
  EXPECT_TRUE(daemon_->program().says("stopped"));
  daemon_->start();
  daemon_->program().signal(SIGINT);
  EXPECT_EQ(daemon_->program().wait(), 0);
}

// It listens before two thousand webhooks have been given their state.
TEST_F(LifeTest, WhoAsksAtOnceIsToldOfAll) {
  const int port = free_port();
  std::string yaml = "api: {listen: '127.0.0.1:" + std::to_string(port) +
                     "'}\nconnections:\n  shop: {db_type: sqlite, db_url: 'sqlite:///nowhere.db'}\nwebhooks:\n";
  for (int i = 0; i < 2000; ++i)
    yaml += "  - {id: w" + std::to_string(i) +
            ", connection_id: shop, object_type: things, event: updated, is_paused: true, "
            "secret: whsec_a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=, hook_url: 'http://127.0.0.1:9/'}\n";
  const Daemon files(yaml);
  Program program({"run", "--config", files.config().string(), "--state", files.state().string()});
  const auto end = std::chrono::steady_clock::now() + timeout;
  while (!listens(port) && program.running() && std::chrono::steady_clock::now() < end) {
  }
  const auto answer = ask_http(port, "GET", "/unified/webhook?limit=1");
  EXPECT_EQ(answer.status, 200) << program.err();
  EXPECT_EQ(answer.header("x-total-count"), "2000") << answer.body;
}

TEST_F(LifeTest, HangupReloadsWhole) {
  start({{{"id", "old"}}, {{"id", "changing"}}, {{"id", "going"}}});
  const auto before = daemon_->status("old");
  daemon_->configure(yaml(
      {{{"id", "new"}, {"include_all", "true"}}, {{"id", "changing"}, {"environment", "Staging"}}, {{"id", "old"}}}));
  daemon_->program().signal(SIGHUP);
  EXPECT_TRUE(daemon_->program().says("reloaded"));
  EXPECT_EQ(pages(1, "new").size(), 1U);
  const auto list = daemon_->status();
  ASSERT_EQ(list.size(), 3U);
  EXPECT_EQ(list[0]["id"], "new");
  EXPECT_EQ(list[1]["environment"], "Staging");
  EXPECT_EQ(daemon_->status("old")["runs"], before["runs"]) << "what did not change is not disturbed";
  EXPECT_EQ(daemon_->status("old")["updated_at"], before["updated_at"]);
  EXPECT_NE(daemon_->ask({"status", "going"}).code, 0);
  add(2);
  trigger("changing");
  EXPECT_EQ(records(1, "changing").size(), 1U) << "its position was kept";
}

TEST_F(LifeTest, ABadReloadLeavesAllAsItWas) {
  start({{{"id", "w"}}});
  daemon_->configure(yaml({{{"id", "w"}, {"evnt", "created"}}, {{"id", "x"}, {"interval", "never"}}}));
  const auto said = daemon_->ask({"reload"});
  EXPECT_EQ(said.code, 78);
  for (const auto* word : {"vhookd.yaml:", "evnt", "event", "interval"})
    EXPECT_TRUE(said.err.contains(word)) << word << " in: " << said.err;
  daemon_->program().signal(SIGHUP);
  EXPECT_TRUE(daemon_->program().says("reload-refused"));
  EXPECT_TRUE(daemon_->running());
  EXPECT_EQ(daemon_->status().size(), 1U);
  add(2);
  trigger();
  EXPECT_EQ(records(1).size(), 1U);
}

TEST_F(LifeTest, TheStateIsForOneDaemon) {
  start({{{"id", "w"}}});
  for (const auto* how : {"run", "once"}) {
    Arguments arguments = {"run"};
    if (how == std::string("once")) arguments.emplace_back("--once");
    const auto second = daemon_->ask(arguments);
    EXPECT_EQ(second.code, 74) << second.err;
    EXPECT_TRUE(second.err.contains((daemon_->state()).string())) << second.err;
  }
  trigger();
  EXPECT_EQ(daemon_->stop(), 0);
  // Nor can it be a file, or a file of something else.
  std::ofstream(daemon_->folder() / "file") << "x";
  EXPECT_EQ(run({"run", "--config", daemon_->config(), "--state", daemon_->folder() / "file"}).code, 74);
  std::ofstream(daemon_->state() / "state.db") << std::string(8192, 'x');
  EXPECT_EQ(daemon_->ask({"run"}).code, 74);
}

TEST_F(LifeTest, ABadConfigurationIsToldWhole) {
  const Daemon daemon(
      "webhoks: []\nlimits: {polls: 0}\nwebhooks:\n  - id: a\n    connection_id: nowhere\n    event: changed\n"
      "    object_type: t\n    hook_url: gopher://x\n    secret: whsec_short\n    interval: 010\n    runs: []\n"
      "    environment: ${env:VHOOKD_TEST_NOT_SET}\n    id: b\n");
  for (const auto* command : {"run", "check"}) {
    const auto said = daemon.ask({command});
    EXPECT_EQ(said.code, 78) << said.out << said.err;
    for (const auto* word : {":2:", "webhoks", "webhooks", "polls", "nowhere", "changed", "https://", ".secret",
                             "interval", "runs", "VHOOKD_TEST_NOT_SET", "duplicate"})
      EXPECT_TRUE(said.err.contains(word)) << word << " in:\n" << said.err;
    EXPECT_FALSE(said.err.contains("whsec_short"));
  }
  EXPECT_FALSE(std::filesystem::exists(daemon.state()));
  EXPECT_EQ(run({"run", "--config", "/nowhere/vhookd.yaml"}).code, 78);
}

TEST_F(LifeTest, WrongUsage) {
  for (const auto& arguments : {Arguments{},
                                {"runn"},
                                {"run", "--twice"},
                                {"run", "extra"},
                                {"trigger"},
                                {"pause"},
                                {"runs"},
                                {"dead"},
                                {"receive", "--port", "99999"},
                                {"--log-level", "loud", "version"},
                                {"status", "--config"}}) {
    Program program(arguments);
    EXPECT_EQ(program.wait(), 64) << (arguments.empty() ? "" : arguments.front()) << program.err();
    EXPECT_TRUE(program.out().empty());
    EXPECT_TRUE(program.err().contains("usage")) << program.err();
  }
}

TEST_F(LifeTest, WithoutADaemonNobodyAnswers) {
  const Daemon daemon(yaml({{{"id", "w"}}}));
  for (const auto& arguments : {Arguments{"status"},
                                {"status", "w", "--json"},
                                {"trigger", "w"},
                                {"pause", "w"},
                                {"resume", "w"},
                                {"reload"},
                                {"runs", "w"},
                                {"dead", "list"},
                                {"replay", "w", "--dead"}}) {
    const auto said = daemon.ask(arguments);
    EXPECT_EQ(said.code, 69) << arguments.front();
    EXPECT_TRUE(said.err.contains("control.sock")) << said.err;
  }
}

TEST_F(LifeTest, OncePollsDeliversAndEnds) {
  const Daemon daemon(yaml({{{"id", "a"}, {"include_all", "true"}}, {{"id", "b"}, {"include_all", "true"}}}));
  EXPECT_EQ(daemon.ask({"run", "--once"}).code, 0);
  EXPECT_EQ(receiver_->counts().pages, 2) << "delivered before it ends";
  add(2);
  EXPECT_EQ(daemon.ask({"run", "--once"}).code, 0);
  EXPECT_EQ(records_text(2, 1, "a"), R"({"id":2,"note":null})");
  EXPECT_EQ(receiver_->counts().gaps, 0);
}

TEST_F(LifeTest, OnceFailsWhereAPollOrADeliveryFails) {
  const Daemon no_table(yaml({{{"object_type", "nothing_here"}}, {{"id", "x"}, {"include_all", "true"}}}));
  EXPECT_EQ(no_table.ask({"run", "--once"}).code, 1);
  EXPECT_EQ(pages(1, "x").size(), 1U) << "the other one went well";
  const Hook broken([](std::size_t) { return "500 Broken"; });
  const Daemon no_receiver(yaml({{{"include_all", "true"}, {"hook_url", broken.url()}}}));
  EXPECT_EQ(no_receiver.ask({"run", "--once"}).code, 1);
  EXPECT_EQ(broken.posts(1).size(), 1U);
}

TEST_F(LifeTest, OnceDoesNotWaitForADeadDatabaseAgainAndAgain) {
  std::vector<Keys> webhooks = {{{"id", "alive"}, {"include_all", "true"}}};
  for (int i = 0; i < 20; ++i)
    webhooks.push_back({{"id", "dead" + std::to_string(i)}, {"db_url", "postgresql://reader:x@127.0.0.1:1/shop"}});
  const Daemon daemon(yaml(webhooks));
  EXPECT_EQ(daemon.ask({"run", "--once"}).code, 1);
  EXPECT_EQ(pages(1, "alive").size(), 1U);
}

TEST_F(LifeTest, ADeadDatabaseHoldsUpNobodyElse) {
  std::vector<Keys> webhooks = {{{"id", "alive"}, {"interval", "100ms"}}};
  for (int i = 0; i < 20; ++i)
    webhooks.push_back({{"id", "dead" + std::to_string(i)},
                        {"interval", "100ms"},
                        {"db_url", "postgresql://reader:x@127.0.0.1:1/shop"}});
  daemon_ = std::make_unique<Daemon>(yaml(webhooks));
  daemon_->start();
  polled("alive");
  for (int id = 2; id < 12; ++id) {
    const auto before = clock_.tick();
    add(id);
    records(static_cast<std::size_t>(id - 1), "alive");
    // Less than the dead ones' pauses, which double from 1 s on with each attempt.
    EXPECT_LT(clock_.tick() - before, std::chrono::seconds(10));
  }
  // One of them alone tries the database, and yet none looks healthy.
  for (const auto* id : {"dead0", "dead7", "dead19"}) {
    EXPECT_TRUE(daemon_->reaches(id, [](const Json& status) { return status["is_healthy"] == false; }));
    EXPECT_TRUE(daemon_->status(id).value("last_error", "").contains("127.0.0.1")) << daemon_->status(id).dump(2);
  }
  EXPECT_EQ(daemon_->status("alive")["is_healthy"], true);
}

TEST_F(LifeTest, AMissingTableIsToldAtOnceAndMendsItself) {
  daemon_ =
      std::make_unique<Daemon>(yaml({{{"object_type", "later"}, {"include_all", "true"}, {"interval", "300ms"}}}));
  daemon_->start();
  EXPECT_TRUE(daemon_->reaches("w", [](const Json& status) { return status["is_healthy"] == false; }));
  const auto status = daemon_->status("w");
  EXPECT_TRUE(status["last_error"].get<std::string>().contains("later")) << status["last_error"];
  EXPECT_TRUE(status["runs"][0].get<std::string>().contains("later")) << status["runs"][0];
  shop_->run("CREATE TABLE later (id INTEGER PRIMARY KEY)");
  shop_->run("INSERT INTO later VALUES (5)");
  EXPECT_EQ(records_text(1), R"({"id":5})");
  EXPECT_TRUE(daemon_->reaches(
      "w", [](const Json& seen) { return seen["is_healthy"] == true && !seen.contains("last_error"); }));
}

TEST_F(LifeTest, AFolderOfConfigurationAndTheEnvironment) {
  const TempFolder folder;
  std::filesystem::create_directory(folder.path() / "conf.d");
  std::ofstream(folder.path() / "vhookd.yaml")
      << "api: {listen: off}\nstate: " << (folder.path() / "st").string() << '\n';
  std::ofstream(folder.path() / "conf.d" / "10.yaml") << yaml({{{"id", "w"}, {"include_all", "true"}}});
  std::ofstream(folder.path() / "conf.d" / "ignored.txt") << "x: [";
  const Environment environment = {{"VHOOKD_CONFIG", folder.path() / "vhookd.yaml"}};
  const auto said = run({"run", "--once"}, environment);
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(pages(1).size(), 1U);
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "st" / "state.db"));
}

}  // namespace
}  // namespace vhookd::testing
