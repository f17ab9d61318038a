#include "daemon/command_line.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "daemon/api/api.h"
#include "daemon/api/http_server.h"
#include "daemon/output/status_table.h"
#include "tests/daemon/fake_control.h"

namespace vhookd {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Words = std::vector<std::string>;

struct Result {
  int code = -1;
  std::string out, err;
};

struct Seen {
  std::optional<RunOptions> run;
  std::optional<CheckOptions> check;
  std::optional<DemoOptions> demo;
  std::optional<ReceiveOptions> receive;
  std::optional<ExplainOptions> explain;
  std::optional<InitOptions> init;
  std::optional<SelftestOptions> selftest;
};

Result vhookd(const Words& words, Seen* seen = nullptr) {
  Seen nobody;
  Seen& to = seen == nullptr ? nobody : *seen;
  const Commands handlers{[&](const RunOptions& o) { return to.run = o, 0; },
                          [&](const CheckOptions& o) { return to.check = o, 0; },
                          [&](const DemoOptions& o) { return to.demo = o, 0; },
                          [&](const ReceiveOptions& o) { return to.receive = o, 0; },
                          [&](const ExplainOptions& o) { return to.explain = o, 0; },
                          [&](const InitOptions& o) { return to.init = o, 0; },
                          [&](const SelftestOptions& o) { return to.selftest = o, 0; }};
  std::vector<const char*> argv = {"vhookd"};
  for (const auto& word : words) argv.push_back(word.c_str());
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  Result result;
  result.code = command_line(static_cast<int>(argv.size()), argv.data(), handlers);
  result.out = ::testing::internal::GetCapturedStdout();
  result.err = ::testing::internal::GetCapturedStderr();
  return result;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(CommandLine, WrongUsageIs64WithTheReasonAndTheUsage) {
  const struct {
    Words words;
    std::string reason;
    std::string usage;
  } cases[] = {
      {{}, "a command is missing", "usage: vhookd [OPTIONS] COMMAND"},
      {{"stats"}, "unknown command \"stats\"; did you mean \"status\"?", "vhookd --help"},
      {{"--nope"}, "unknown option --nope", "vhookd --help"},
      {{"status", "--nope"}, "--nope", "usage: vhookd status [ID]"},
      {{"explain"}, "ID is required", "usage: vhookd explain ID"},
      {{"init"}, "DB_URL is required", "usage: vhookd init DB_URL|-"},
      {{"trigger"}, "ID is required", "usage: vhookd trigger ID"},
      {{"trigger", "a", "b"}, "b", "usage: vhookd trigger ID"},
      {{"run", "--log-level", "loud"}, "loud", "usage: vhookd run"},
      {{"receive", "--port", "70000"}, "70000", "usage: vhookd receive"},
      {{"receive", "--fail", "101"}, "101", "usage: vhookd receive"},
      {{"replay", "a"}, "select the pages with --dead, --from, --to or --since", "usage: vhookd replay ID [--dead]"},
      {{"replay", "a", "--from", "3", "--to", "2"}, "--from: is greater than --to", "usage: vhookd replay ID"},
      {{"replay", "a", "--from", "0"}, "0", "usage: vhookd replay ID"},
      {{"replay", "a", "--since", "noon"},
       "expected a time such as 2026-11-23T09:00:00Z, found noon",
       "usage: vhookd replay ID"},
      {{"replay", "a", "--dead", "--url", "ftp://h/"}, "must begin with https://", "usage: vhookd replay ID"},
      {{"dead"}, "subcommand is required", "usage: vhookd dead"},
      {{"dead", "show"}, "PAGE is required", "usage: vhookd dead"},
      {{"dead", "lost"}, "required", "usage: vhookd dead"},
      {{"run", "--config"}, "--config", "usage: vhookd"},
      {{"version", "x"}, "x", "usage: vhookd version; `vhookd version --help`"},
  };
  for (const auto& item : cases) {
    const Result result = vhookd(item.words);
    const std::string what = ::testing::PrintToString(item.words) + ": " + result.err;
    EXPECT_EQ(result.code, 64) << what;
    EXPECT_EQ(result.out, "") << what;
    EXPECT_TRUE(result.err.starts_with("vhookd: ")) << what;
    EXPECT_TRUE(has(result.err, item.reason)) << what;
    EXPECT_TRUE(has(result.err, item.usage)) << what;
  }
}

TEST(CommandLine, EveryCommandHasHelp) {
  const Result all = vhookd({"--help"});
  EXPECT_EQ(all.code, 0);
  for (const char* name : {"run", "check", "explain", "init", "status", "runs", "trigger", "pause", "resume", "reload",
                           "dead", "replay", "receive", "demo", "selftest", "schema", "secret", "version"}) {
    EXPECT_TRUE(has(all.out, std::string("\n  ") + name + " ")) << name << all.out;
    const Result one = vhookd({name, "--help"});
    EXPECT_EQ(one.code, 0) << name;
    EXPECT_TRUE(has(one.out, std::string("Usage: vhookd ") + name)) << one.out;
    EXPECT_TRUE(has(one.out, "--config")) << one.out;
  }
}

TEST(CommandLine, OptionsReachTheirCommand) {
  Seen seen;
  EXPECT_EQ(vhookd({"--config", "/c", "run", "--once", "--state", "/s", "--log-level", "debug"}, &seen).code, 0);
  ASSERT_TRUE(seen.run);
  EXPECT_EQ(seen.run->config, "/c");
  EXPECT_EQ(seen.run->state, "/s");
  EXPECT_EQ(seen.run->log_level, "debug");
  EXPECT_TRUE(seen.run->once);
  EXPECT_EQ(vhookd({"check", "--probe", "--json", "--config", "/c"}, &seen).code, 0);
  EXPECT_TRUE(seen.check->probe && seen.check->json && seen.check->config == "/c");
  EXPECT_EQ(vhookd({"explain", "orders", "--json", "--config", "/c", "--state", "/s"}, &seen).code, 0);
  EXPECT_TRUE(seen.explain->id == "orders" && seen.explain->json && seen.explain->config == "/c" &&
              seen.explain->state == "/s");
  EXPECT_EQ(vhookd({"init", "-"}, &seen).code, 0);
  EXPECT_EQ(seen.init->url, "-");
  EXPECT_EQ(vhookd({"demo", "--keep"}, &seen).code, 0);
  EXPECT_TRUE(seen.demo->keep);
  EXPECT_EQ(vhookd({"selftest", "--crash", "7", "--rows", "90", "--fail", "10", "--json"}, &seen).code, 0);
  EXPECT_TRUE(seen.selftest->kills == 7 && seen.selftest->changes == 90 && seen.selftest->fail_percent == 10 &&
              seen.selftest->json);
  EXPECT_EQ(
      vhookd({"receive", "--port", "0", "--secret", "a", "--secret", "b", "--fail", "30", "--quiet", "--json"}, &seen)
          .code,
      0);
  EXPECT_EQ(seen.receive->secrets, (Words{"a", "b"}));
  EXPECT_EQ(seen.receive->port, 0);
  EXPECT_EQ(seen.receive->fail_percent, 30);
  EXPECT_TRUE(seen.receive->quiet && seen.receive->json);
}

TEST(CommandLine, SmallThings) {
  const Result secret = vhookd({"secret"});
  EXPECT_EQ(secret.code, 0);
  EXPECT_EQ(secret.out.size(), 6U + 44U + 1U);
  EXPECT_TRUE(secret.out.starts_with("whsec_"));
  EXPECT_NE(vhookd({"secret"}).out, secret.out);
  const Result version = vhookd({"version"});
  EXPECT_TRUE(version.out.starts_with("vhookd " VHOOKD_VERSION " (")) << version.out;
  EXPECT_TRUE(has(version.out, "libcurl 7.") && has(version.out, "SQLite 3.") && has(version.out, "OpenSSL 3.") &&
              has(version.out, "libmicrohttpd 0."));
  for (const char* library : {"libpq ", "libpqxx ", "MySQL-Connector/C++ 1.", "libmariadb 3.", "yaml-cpp 0.",
                              "spdlog 1.", "simdjson ", "prometheus-cpp 1.", "libsystemd 2"})
    EXPECT_TRUE(has(version.out, std::string("\n  ") + library)) << library << version.out;
  EXPECT_EQ(vhookd({"--version"}).out.substr(0, 7), "vhookd ");
  EXPECT_TRUE(json::accept(vhookd({"schema"}).out));
}

class ClientTest : public ::testing::Test {
 protected:
  ClientTest() : folder_(fs::temp_directory_path() / ("vhookd_cli_" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
  }
  ~ClientTest() override {
    server_.reset();
    fs::remove_all(folder_);
  }

  void start() {
    HttpServerOptions options;
    options.socket = (folder_ / "control.sock").string();
    auto server = HttpServer::start(options, [this](const HttpRequest& request) {
      ++probe_cache_;
      return answer(request, fake_.control(), {});
    });
    ASSERT_TRUE(server.has_value()) << server.error().message;
    server_ = std::move(*server);
  }

  Result ask(Words words) {
    words.insert(words.end(), {"--state", folder_.string(), "--config", (folder_ / "none.yaml").string()});
    return vhookd(words);
  }

  fs::path folder_;
  std::atomic<int> probe_cache_ = 0;
  testing::FakeControl fake_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(ClientTest, WithoutADaemonItIs69AndSaysWhatToDo) {
  for (const Words& words : {Words{"status"},
                             {"status", "x"},
                             {"status", "--watch"},
                             {"runs", "x"},
                             {"trigger", "x"},
                             {"pause", "x"},
                             {"resume", "x"},
                             {"reload"},
                             {"dead", "list"},
                             {"dead", "show", "p"},
                             {"replay", "x", "--dead"}}) {
    const Result result = ask(words);
    EXPECT_EQ(result.code, 69) << words[0];
    EXPECT_EQ(result.out, "") << words[0];
    EXPECT_TRUE(has(result.err, (folder_ / "control.sock").string() + " (No such file or directory)")) << result.err;
    EXPECT_TRUE(has(result.err, "check that vhookd is running: systemctl status vhookd")) << result.err;
    EXPECT_TRUE(has(result.err, "none.yaml cannot be read: No such file")) << result.err;
  }
}

TEST_F(ClientTest, StatusIsATableOfAllAndOneInFull) {
  start();
  fake_.webhooks[0].last_error = "line one\nline \x1b[31mtwo";
  const Result all = ask({"status"});
  EXPECT_EQ(all.code, 0) << all.err;
  EXPECT_TRUE(all.out.starts_with(
      "ID           HEALTHY  PAUSED  LAST CHECK            NEXT CHECK  LAG  QUEUED  DEAD  LAST ERROR\n"
      "paid-orders  no       no      2026-11-23T09:00:00Z  "))
      << all.out;
  EXPECT_TRUE(has(all.out, "3       1     line one line  [31mtwo\n")) << all.out;
  const Result one = ask({"status", "paid-orders"});
  EXPECT_TRUE(has(one.out, "last_error:       line one line  [31mtwo\n")) << one.out;
  EXPECT_TRUE(has(one.out, "interval:         0.5\n")) << one.out;
  EXPECT_EQ(json::parse(ask({"status", "--json"}).out).size(), 2U);
  const auto list = json::parse(ask({"status", "paid-orders", "--json"}).out);
  ASSERT_TRUE(list.is_array());
  EXPECT_EQ(list[0]["queued_pages"], 3);
}

TEST_F(ClientTest, StatusTakesManyWebhooksInSeveralAnswers) {
  fake_.webhooks.clear();
  for (int i = 0; i < 2500; ++i) fake_.webhooks.push_back(testing::bare("w" + std::to_string(i)));
  start();
  const auto list = json::parse(ask({"status", "--json"}).out);
  ASSERT_EQ(list.size(), 2500U);
  EXPECT_EQ(list[2499]["id"], "w2499");
}

TEST_F(ClientTest, AnIdMayBeCalledLikeACommand) {
  start();
  const Result result = ask({"status", "run"});
  EXPECT_EQ(result.code, 1);
  EXPECT_TRUE(has(result.err, "no webhook has the id \"run\"")) << result.err;
}

TEST_F(ClientTest, AnUnknownIdIsAFailureThatNamesTheNearest) {
  start();
  for (const Words& words : {Words{"status", "paid-order"},
                             {"runs", "paid-order"},
                             {"trigger", "paid-order"},
                             {"pause", "paid-order"},
                             {"resume", "paid-order"},
                             {"dead", "list", "paid-order"},
                             {"replay", "paid-order", "--dead"}}) {
    const Result result = ask(words);
    EXPECT_EQ(result.code, 1) << words[0];
    EXPECT_TRUE(has(result.err, "; did you mean \"paid-orders\"?")) << words[0] << result.err;
  }
  EXPECT_EQ(ask({"status", "../x?y"}).code, 1);
}

TEST_F(ClientTest, ChangesSayWhatIsNow) {
  start();
  EXPECT_EQ(ask({"pause", "paid-orders"}).out, "paid-orders is paused\n");
  EXPECT_EQ(ask({"resume", "paid-orders"}).out, "paid-orders is running\n");
  EXPECT_EQ(json::parse(ask({"pause", "paid-orders", "--json"}).out)["is_paused"], true);
  EXPECT_EQ(ask({"runs", "paid-orders"}).out, "2026-11-23T09:00:00Z ok 2 pages 734 records 412 ms\n");
  EXPECT_EQ(ask({"replay", "paid-orders", "--dead"}).out, "3 dead pages of paid-orders queued again\n");
  EXPECT_EQ(ask({"replay", "paid-orders", "--from", "2"}).out, "3 pages of paid-orders queued again\n");
  EXPECT_EQ(ask({"replay", "paid-orders", "--from", "404"}).code, 1);
  const Result reload = ask({"reload"});
  EXPECT_EQ(reload.code, 0);
  EXPECT_EQ(reload.out, "added: a\nchanged: b, c\nunchanged: 4\n");
}

TEST_F(ClientTest, ATriggerThatFailedFails) {
  start();
  const Result well = ask({"trigger", "paid-orders"});
  EXPECT_EQ(well.code, 0);
  EXPECT_EQ(well.out, "2026-11-23T09:00:00Z ok 1 pages 2 records 3 ms\n");
  fake_.run.ok = false;
  fake_.run.error = "no such table";
  const Result badly = ask({"trigger", "paid-orders"});
  EXPECT_EQ(badly.code, 1);
  EXPECT_EQ(badly.out, "2026-11-23T09:00:00Z failed 3 ms: no such table\n");
}

TEST_F(ClientTest, AConfigurationThatIsNotValidIs78WithEveryError) {
  start();
  fake_.report = std::unexpected(Refusal{Refusal::Why::invalid, {"a.yaml:1:1: one", "a.yaml:2:1: two"}});
  const Result result = ask({"reload"});
  EXPECT_EQ(result.code, 78);
  EXPECT_TRUE(has(result.err, "  a.yaml:1:1: one\n  a.yaml:2:1: two\n")) << result.err;
}

TEST_F(ClientTest, DeadPagesAreListedAndShown) {
  start();
  EXPECT_EQ(ask({"dead", "list"}).out, "no dead pages\n");
  fake_.pages = {{"paid-orders", {"p1", 7, PageType::virtual_, 1, R"({"data":[]})"}, 9, {}, {}, "500"}};
  const Result list = ask({"dead", "list"});
  EXPECT_EQ(list.code, 0) << list.err;
  EXPECT_TRUE(has(list.out, "\np1    paid-orders  7         1        9         1970-01-01T00:00:00Z  500\n"))
      << list.out;
  EXPECT_EQ(json::parse(ask({"dead", "list", "paid-orders", "--json"}).out)[0]["page"], "p1");
  EXPECT_TRUE(has(ask({"dead", "show", "p1"}).out, "\n\n{\"data\":[]}\n"));
  EXPECT_EQ(json::parse(ask({"dead", "show", "p1", "--json"}).out)["body"], R"({"data":[]})");
  EXPECT_EQ(ask({"dead", "show", "p2"}).code, 1);
}

TEST_F(ClientTest, WatchGoesOnUntilItIsInterrupted) {
  start();
  // The signal is held back until the wait between two looks.
  std::jthread interrupt([watcher = pthread_self(), this] {
    while (probe_cache_ < 1) std::this_thread::yield();
    pthread_kill(watcher, SIGINT);
  });
  const Result result = ask({"status", "--watch", "--json"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(json::parse(result.out.substr(0, result.out.find('\n'))).size(), 2U);
}

TEST(StatusTable, Golden) {
  const Instant now = *parse_rfc3339("2026-11-23T09:00:10Z");
  const std::vector<StatusRow> rows = {
      {"paid-orders", true, false, now - std::chrono::seconds(10), now + std::chrono::seconds(20), 10.2, "", 0, 0, "",
       ""},
      {"größen", false, true, {}, {}, 0, "", 12, 3, "the receiver answers 500 and says: come back later, please", ""},
      {"late", false, false, now - std::chrono::hours(50), now - std::chrono::seconds(1), 180000, "", 1, 0, "timeout",
       "in 3m"},
  };
  EXPECT_EQ(status_table(rows, now, {false, 0}),
            "ID           HEALTHY  PAUSED  LAST CHECK            NEXT CHECK  LAG    QUEUED  DEAD  LAST ERROR\n"
            "paid-orders  yes      no      2026-11-23T09:00:00Z  in 20s      10s    0       0\n"
            "größen       no       yes     never                 -           -      12      3     the receiver answers "
            "500 and says: "
            "come back later, please\n"
            "late         no       no      2026-11-21T07:00:10Z  now         2d02h  1       0     timeout; sent again "
            "in 3m\n");
  EXPECT_EQ(status_table({rows[1]}, now, {false, 100}),
            "ID      HEALTHY  PAUSED  LAST CHECK  NEXT CHECK  LAG  QUEUED  DEAD  LAST ERROR\n"
            "größen  no       yes     never       -           -    12      3     the receiver answers 500 and sa…\n");
  EXPECT_TRUE(has(status_table({rows[1]}, now, {true, 80}), "\x1b[31mno\x1b[0m"));
}

// No line is longer than the terminal is wide, and the error is seen on the narrowest.
TEST(StatusTable, OnANarrowTerminal) {
  const Instant now = *parse_rfc3339("2026-11-23T09:00:10Z");
  const std::vector<StatusRow> rows = {
      {"paid-orders-of-the-shop", true, false, now - std::chrono::seconds(10), {}, 10.2, "", 0, 0, "", ""},
      {"late", false, false, now - std::chrono::hours(50), now, 180000, "", 12, 3,
       "the receiver answers 500 and says: come back later, please, for there is much to do today", ""},
  };
  EXPECT_EQ(status_table(rows, now, {false, 80}),
            "ID                  HEALTHY  PAUSED  LAST CHECK  NEXT CHECK  LAG    QUEUED  DEAD\n"
            "  LAST ERROR\n"
            "paid-orders-of-th…  yes      no      09:00:00Z   -           10s    0       0\n"
            "late                no       no      2026-11-21  now         2d02h  12      3\n"
            "  the receiver answers 500 and says: come back later, please, for there is much…\n");
  EXPECT_EQ(status_table(rows, now, {false, 40}),
            "ID        HEALTHY  PAUSED  LAST CHECK  …\n"
            "  LAST ERROR\n"
            "paid-or…  yes      no      09:00:00Z   -\n"
            "late      no       no      2026-11-21  …\n"
            "  the receiver answers 500 and says: co…\n");
}

TEST(StatusTable, WatchedItFitsAndShowsFirstWhatNeedsAttention) {
  const Instant now = *parse_rfc3339("2026-11-23T09:00:10Z");
  std::vector<StatusRow> rows(1000, {"well", true, false, now, now, 0, "", 0, 0, "", ""});
  rows[10] = {"paused", false, true, {}, {}, 0, "", 0, 0, "410", ""};
  rows[998] = {"ill", false, false, {}, now, 0, "", 0, 0, "no such table", ""};
  EXPECT_EQ(watched_table(rows, now, {false, 100, 6}),
            "ID      HEALTHY  PAUSED  LAST CHECK  NEXT CHECK  LAG  QUEUED  DEAD  LAST ERROR\n"
            "ill     no       no      never       now         -    0       0     no such table\n"
            "paused  no       yes     never       -           -    0       0     410\n"
            "well    yes      no      09:00:10Z   now         0s   0       0\n"
            "and 997 more, none of them unhealthy\n");
  rows.assign(3, rows[998]);
  EXPECT_EQ(watched_table(rows, now, {false, 40, 6}),
            "ID   HEALTHY  PAUSED  LAST CHECK  NEXT …\n"
            "  LAST ERROR\n"
            "ill  no       no      never       now\n"
            "  no such table\n"
            "and 2 more, 2 of them unhealthy\n");
  EXPECT_EQ(watched_table(rows, now, {}), status_table(rows, now, {})) << "into a file all of them";
}

TEST(Terminal, WhatHasToBeTypedIsNeverCut) {
  EXPECT_EQ(table({"PAGE", "WEBHOOK", "ERROR"}, {{{"msg_0123456789"}, {"orders"}, {"the receiver answered 500"}}},
                  {false, 20}),
            "PAGE            WEBHOOK\n"
            "  ERROR\n"
            "msg_0123456789  orders\n"
            "  the receiver answ…\n");
}

TEST(Terminal, NothingIsLeftThatATerminalObeys) {
  EXPECT_EQ(printable("a\nb\x1b[2J\x7f\xc2\x9b"
                      "1mé\t"),
            "a b [2J  1mé ");
}

TEST(Terminal, Durations) {
  EXPECT_EQ(duration_text(0.9), "0s");
  EXPECT_EQ(duration_text(59.9), "59s");
  EXPECT_EQ(duration_text(192), "3m12s");
  EXPECT_EQ(duration_text(7500), "2h05m");
  EXPECT_EQ(duration_text(4 * 86400 + 3 * 3600), "4d03h");
  EXPECT_EQ(duration_text(-1), "0s");
}

}  // namespace
}  // namespace vhookd
