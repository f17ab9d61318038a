// A secret planted wherever one can stand, a receiver that says back all it was sent, a database that refuses the
// login: nothing that can be read from outside may hold one of them.
#include <curl/curl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "tests/program/fixture.h"
#include "tests/support/hook.h"

namespace vhookd::testing {
namespace {

namespace fs = std::filesystem;

class CanaryTest : public EveryDatabaseTest {
 protected:
  void SetUp() override {
    EveryDatabaseTest::SetUp();
    if (IsSkipped()) return;
    shop_->run("CREATE TABLE things (id int PRIMARY KEY, note varchar(20))");
    for (const auto& [name, text] : std::map<std::string, std::string>{{"first", first_secret_},
                                                                       {"second", second_secret_},
                                                                       {"header", header_token_},
                                                                       {"path", path_token_},
                                                                       {"filter", filter_},
                                                                       {"api-token", api_token_}}) {
      std::ofstream(files_.path() / name) << text << '\n';
      fs::permissions(files_.path() / name, fs::perms::owner_read | fs::perms::owner_write);
    }
  }

  std::string configuration(const std::string& db_url, const std::string& hook, const std::string& format) const {
    const auto file = [this](const char* name) { return "${file:" + (files_.path() / name).string() + "}"; };
    return "api: {listen: '127.0.0.1:" + std::to_string(port_) +
           "', token: '${credential:api-token}'}\n"
           "log: {format: " +
           format + "}\nconnections:\n  shop:\n    db_url: " + db_url +
           "\nwebhooks:\n  - id: w\n    connection_id: shop\n    object_type: things\n    event: updated\n"
           "    include_all: true\n    interval: 200ms\n    filters: {note: {ne: '" +
           file("filter") + "'}}\n    hook_url: '" + hook + file("path") +
           "/in?token=${env:HOOK_TOKEN}&v=1'\n    secret: ['" + file("first") + "', '" + file("second") +
           "']\n    headers: {authorization: 'Bearer " + file("header") + "', x-api-key: " + literal_header_ +
           "}\n    retry: {for: 1s, first: 100ms, max: 200ms}\n";
  }
  Environment environment() const { return {{"HOOK_TOKEN", hook_token_}, {"CREDENTIALS_DIRECTORY", files_.path()}}; }

  std::map<std::string, std::string> canaries() const {
    std::map<std::string, std::string> all = {{"first secret", first_secret_.substr(6)},
                                              {"its bytes", parse_webhook_secret(first_secret_)->reveal()},
                                              {"second secret", second_secret_.substr(6)},
                                              {"header", header_token_},
                                              {"header in the YAML", literal_header_},
                                              {"path", path_token_},
                                              {"query", hook_token_},
                                              {"filter", filter_},
                                              {"API token", api_token_}};
    if (!shop_->password().empty()) all["database password"] = shop_->password();
    return all;
  }
  void expect_clean(const std::string& text, const std::string& where, const std::string& but = "") const {
    for (const auto& [name, canary] : canaries()) {
      if (name == but) continue;
      const auto at = text.find(canary);
      EXPECT_EQ(at, std::string::npos) << name << " in " << where << ": …"
                                       << text.substr(at < 100 ? 0 : at - 100, 200 + canary.size());
    }
  }
  std::string told(Arguments arguments) const {
    const std::string name = arguments.front();
    for (const auto& word : {std::string("--config"), daemon_->config().string(), std::string("--state"),
                             daemon_->state().string(), std::string("--log-level"), std::string("trace")})
      arguments.push_back(word);
    const auto said = run(arguments, environment());
    expect_clean(said.out + said.err, name);
    return said.out;
  }

  // Head and body of the answer.
  std::string http(const std::string& method, const std::string& target, const std::string& body = "") const {
    std::string text;
    CURL* curl = curl_easy_init();
    curl_slist* headers = curl_slist_append(nullptr, ("authorization: Bearer " + api_token_).c_str());
    const std::string url = "http://127.0.0.1:" + std::to_string(port_) + target;
    const auto append = +[](char* data, std::size_t size, std::size_t count, void* to) {
      static_cast<std::string*>(to)->append(data, size * count);
      return size * count;
    };
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method.c_str());
    if (!body.empty()) curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, body.c_str());
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &text);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, append);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &text);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
    EXPECT_EQ(curl_easy_perform(curl), CURLE_OK) << target;
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    expect_clean(text, target);
    return text;
  }

  void look_everywhere(const Program& daemon) const {
    for (const auto& arguments : {Arguments{"status"},
                                  {"status", "w"},
                                  {"status", "--json"},
                                  {"status", "w", "--json"},
                                  {"runs", "w"},
                                  {"runs", "w", "--json"},
                                  {"trigger", "w", "--json"},
                                  {"explain", "w"},
                                  {"explain", "w", "--json"},
                                  {"check", "--json"},
                                  {"check", "--probe"},
                                  {"check", "--probe", "--json"},
                                  {"dead", "list", "--json"},
                                  {"run", "--once"}})
      told(arguments);
    const auto dead = Json::parse(told({"dead", "list", "--json"}), nullptr, false);
    if (dead.is_array() && !dead.empty() && dead[0].contains("id")) told({"dead", "show", dead[0]["id"]});
    for (const auto* target : {"/", "/healthz", "/readyz", "/metrics", "/unified/webhook", "/unified/webhook/w",
                               "/unified/webhook/w/runs", "/unified/webhook/w/dead", "/unified/webhook/none"})
      http("GET", target);
    http("PATCH", "/unified/webhook/w", R"({"is_paused": true})");
    http("PATCH", "/unified/webhook/w", R"({"is_paused": "CanaryNo"})");
    http("PUT", "/unified/webhook/w/resume");
    expect_clean(daemon.out() + daemon.err(), "the log");
    const auto process = "/proc/" + std::to_string(daemon.pid());
    expect_clean(read_file(process + "/cmdline"), "argv");
    expect_clean(read_file(process + "/environ"), "environ", "query");  // where the operator himself put it
    for (const auto& file : fs::directory_iterator(daemon_->state()))
      if (file.is_regular_file()) expect_clean(read_file(file.path()), file.path().string());
  }

  static int free_port() {
    const Hook briefly;
    return briefly.port();
  }

  const std::string first_secret_ = secret;
  const std::string second_secret_ = "whsec_Q2FuYXJ5U2Vjb25kU2VjcmV0T2YzMkJ5dGVzISE=";
  const std::string header_token_ = "CanaryHeaderToken51";
  const std::string literal_header_ = "CanaryLiteralHeader52";
  const std::string path_token_ = "CanaryPathToken53";
  const std::string hook_token_ = "CanaryHookToken54";
  const std::string filter_ = "CanaryFilter55";
  const std::string api_token_ = "CanaryApiToken56-long-enough";
  const int port_ = free_port();
  TempFolder files_;
};

TEST_P(CanaryTest, NothingThatCanBeReadHoldsASecret) {
  // It says back the whole request, cut in the middle of it, or what it verifies with.
  std::string heard;
  int requests = 0;
  std::mutex hearing;
  const RawServer echo([&](RawConnection& connection) {
    while (const auto request = connection.request()) {
      const std::lock_guard lock(hearing);
      heard += *request;
      connection.answer("500 Broken", ++requests % 2 == 1
                                          ? "I do not like " + *request
                                          : "not signed with " + first_secret_ + " or " + second_secret_);
    }
  });
  int id = 0;
  for (const std::string level : {"trace", "debug", "info", "warn", "error"}) {
    SCOPED_TRACE(level);
    const std::string format = id % 2 == 0 ? "text" : "json";
    daemon_ = std::make_unique<Daemon>(configuration(shop_->db_url(), echo.url(), format));
    shop_->run("INSERT INTO things VALUES (" + std::to_string(++id) + ", 'x')");
    Program daemon({"run", "--config", daemon_->config(), "--state", daemon_->state(), "--log-level", level},
                   environment());
    EXPECT_TRUE(eventually([&] { return told({"status", "w", "--json"}).contains("answered 500"); })) << daemon.err();
    if (level == "trace") {
      EXPECT_TRUE(eventually([&] { return told({"dead", "list", "--json"}).contains("\"w\""); })) << daemon.err();
      look_everywhere(daemon);
    }
    // Now the login is refused and nobody listens.
    const auto url = shop_->db_url();
    if (const auto at = url.find(shop_->password()); !shop_->password().empty()) {
      auto wrong = url;
      daemon_->configure(configuration(wrong.insert(at, "not"), "http://127.0.0.1:1/", format));
      told({"reload"});
      EXPECT_TRUE(eventually([&] { return told({"runs", "w"}).contains("fail"); }));
      if (level == "trace") look_everywhere(daemon);
    }
    expect_clean(daemon.out() + daemon.err(), "the log");
    daemon.signal(SIGTERM);
    EXPECT_EQ(daemon.wait(), 0);
    if (HasFailure()) return;
  }
  const std::lock_guard lock(hearing);
  for (const auto& sent : {header_token_, literal_header_, path_token_, hook_token_})
    EXPECT_TRUE(heard.contains(sent)) << "it is sent where it belongs: " << sent;
}

INSTANTIATE_TEST_SUITE_P(, CanaryTest, ::testing::Values("sqlite", "postgres15", "mariadb"), name_of_database);

// Whether a process that dies of it leaves a core here.
bool cores_can_be_had(const fs::path& folder) {
  const pid_t child = fork();
  if (child == 0) {
    const rlimit all{RLIM_INFINITY, RLIM_INFINITY};
    if (setrlimit(RLIMIT_CORE, &all) != 0 || chdir(folder.c_str()) != 0) _exit(1);
    ::signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
    _exit(1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WCOREDUMP(status);
}

TEST_F(ProgramTest, ADaemonThatDiesLeavesNoCoreWithItsSecrets) {
  const TempFolder folder;
  if (!cores_can_be_had(folder.path())) GTEST_SKIP() << "NOT TESTED: no process leaves a core here";
  shop_->run("CREATE TABLE things (id INTEGER PRIMARY KEY)");
  start({{{"id", "w"}}});
  const rlimit all{RLIM_INFINITY, RLIM_INFINITY};
  ASSERT_EQ(prlimit(daemon_->program().pid(), RLIMIT_CORE, &all, nullptr), 0);
  daemon_->program().signal(SIGSEGV);
  EXPECT_EQ(daemon_->program().wait(), -SIGSEGV);
  EXPECT_FALSE(daemon_->program().dumped_core());
}

}  // namespace
}  // namespace vhookd::testing
