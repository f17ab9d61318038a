// No secret is ever printed, logged, put in a payload, the API, argv or the state file.
#include <fstream>

#include "tests/program/fixture.h"
#include "tests/support/hook.h"

namespace vhookd::testing {
namespace {

namespace fs = std::filesystem;

class SecrecyTest : public EveryDatabaseTest {
 protected:
  const std::string hook_token_ = "CanaryHookToken41";
  const std::string header_token_ = "CanaryHeaderToken42";
  const std::string api_token_ = "CanaryApiToken43-long-enough";
  const std::string filter_ = "CanaryFilterValue44";

  std::vector<std::string> canaries() const {
    std::vector<std::string> all = {hook_token_, header_token_, api_token_, filter_, std::string(secret).substr(6)};
    all.push_back(parse_webhook_secret(secret)->reveal());
    if (!shop_->password().empty()) all.push_back(shop_->password());
    return all;
  }
  void expect_clean(const std::string& text, const std::string& where) const {
    for (const auto& canary : canaries())
      EXPECT_FALSE(text.contains(canary)) << canary << " in " << where << ":\n" << text.substr(0, 3000);
  }
  // Everything the program says and keeps.
  void expect_all_clean() const {
    for (const auto& arguments : {Arguments{"status"},
                                  {"status", "w"},
                                  {"status", "--json"},
                                  {"runs", "w"},
                                  {"trigger", "w"},
                                  {"dead", "list"},
                                  {"dead", "list", "--json"},
                                  {"pause", "w", "--json"},
                                  {"resume", "w", "--json"},
                                  {"reload"},
                                  {"check"},
                                  {"check", "--probe"},
                                  {"check", "--probe", "--json"},
                                  {"run", "--once"}}) {
      const auto said = daemon_->ask(arguments);
      expect_clean(said.out + said.err, arguments.front());
    }
    expect_clean(daemon_->log(), "the log");
    expect_clean(read_file("/proc/" + std::to_string(daemon_->program().pid()) + "/cmdline"), "argv");
    for (const auto& file : fs::directory_iterator(daemon_->state()))
      if (file.is_regular_file()) expect_clean(read_file(file.path()), file.path().string());
  }
  std::string configuration(const std::string& db_url, const std::string& hook) const {
    return "api: {listen: '127.0.0.1:0', token: '${env:API_TOKEN}'}\n"
           "log: {level: trace}\n"
           "connections:\n  shop:\n    db_url: " +
           db_url +
           "\n"
           "webhooks:\n  - id: w\n    connection_id: shop\n    object_type: things\n    event: updated\n"
           "    include_all: true\n    interval: 200ms\n    filters: {note: {ne: '${env:FILTER}'}}\n"
           "    hook_url: " +
           hook +
           "?token=${env:HOOK_TOKEN}\n    secret: ${env:SECRET}\n"
           "    headers: {authorization: 'Bearer ${env:HEADER_TOKEN}'}\n"
           "    retry: {for: 2s, first: 100ms, max: 200ms}\n";
  }
  Environment environment() const {
    return {{"SECRET", secret},
            {"HOOK_TOKEN", hook_token_},
            {"HEADER_TOKEN", header_token_},
            {"API_TOKEN", api_token_},
            {"FILTER", filter_}};
  }
};

TEST_P(SecrecyTest, WhereAllGoesWell) {
  shop_->run("CREATE TABLE things (id int PRIMARY KEY, note varchar(20))");
  shop_->run("INSERT INTO things VALUES (1, 'x')");
  const Hook hook;
  daemon_ = std::make_unique<Daemon>(configuration(shop_->db_url(), hook.url()), environment());
  daemon_->start();
  const auto post = hook.posts(1).at(0);
  EXPECT_TRUE(post.head.contains("?token=" + hook_token_ + " ")) << "it is sent where it belongs";
  EXPECT_EQ(post.header("authorization"), "Bearer " + header_token_);
  expect_clean(post.body, "the payload");
  expect_all_clean();
}

TEST_P(SecrecyTest, WhereAllGoesWrong) {
  // The table is missing, then the login; the hook answers 500 until the page is dead.
  const Hook hook([](std::size_t) { return "500 Broken"; });
  daemon_ = std::make_unique<Daemon>(configuration(shop_->db_url(), hook.url()), environment());
  daemon_->start();
  EXPECT_TRUE(daemon_->reaches("w", [](const Json& status) { return status["is_healthy"] == false; }));
  shop_->run("CREATE TABLE things (id int PRIMARY KEY, note varchar(20))");
  shop_->run("INSERT INTO things VALUES (1, 'x')");
  EXPECT_TRUE(daemon_->reaches("w", [](const Json& status) { return status["dead_pages"] == 1; }));
  expect_all_clean();
  if (shop_->password().empty()) return;
  auto refused = shop_->db_url();
  refused.replace(refused.find(shop_->password()), shop_->password().size(), shop_->password() + "-wrong");
  daemon_->configure(configuration(refused, "http://127.0.0.1:1/"));
  EXPECT_EQ(daemon_->ask({"reload"}).code, 0);
  EXPECT_EQ(daemon_->ask({"trigger", "w"}).code, 1);
  expect_all_clean();
}

INSTANTIATE_TEST_SUITE_P(, SecrecyTest, every_database, name_of_database);

}  // namespace
}  // namespace vhookd::testing
