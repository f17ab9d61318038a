// GET /metrics of a running daemon: what it counts, and that Prometheus' own tool finds nothing to complain about.
#include <cstdlib>
#include <fstream>
#include <regex>
#include <set>

#include "tests/program/fixture.h"
#include "tests/support/hook.h"
#include "tests/support/http_client.h"

namespace vhookd::testing {
namespace {

struct Exposition {
  std::map<std::string, double> samples;  // by name and labels as written
  std::map<std::string, std::string> types;
  std::set<std::string> helped;
  std::set<std::string> label_names;
};

// Strict: whatever is no comment, sample or blank line fails the test.
Exposition parse(const std::string& text) {
  static const std::regex sample(R"re(([a-z_]+)(\{(?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*\})? (-?[0-9.e+-]+|\+Inf|NaN))re");
  static const std::regex label(R"re(([a-z_]+)=")re");
  Exposition out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string mark, what, name, rest;
    words >> mark >> what >> name >> rest;
    std::smatch found;
    if (mark == "#" && what == "HELP") {
      EXPECT_TRUE(out.helped.insert(name).second) << line;
    } else if (mark == "#" && what == "TYPE") {
      EXPECT_TRUE(out.types.emplace(name, rest).second) << line;
    } else if (std::regex_match(line, found, sample)) {
      EXPECT_TRUE(out.samples.emplace(found[1].str() + found[2].str(), std::stod(found[3])).second)
          << "twice: " << line;
      const std::string labels = found[2];
      for (std::sregex_iterator at(labels.begin(), labels.end(), label), end; at != end; ++at)
        out.label_names.insert((*at)[1]);
    } else {
      ADD_FAILURE() << "not Prometheus' format: " << line;
    }
  }
  return out;
}

class MetricsTest : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    shop_->run("CREATE TABLE things (id INTEGER PRIMARY KEY, note TEXT)");
    shop_->run("INSERT INTO things VALUES (1, 'one'), (2, 'two')");
  }
  void start(const std::vector<Keys>& webhooks) {
    daemon_ = std::make_unique<Daemon>("api: {listen: '127.0.0.1:" + std::to_string(port_) + "'}\n" + yaml(webhooks));
    daemon_->start();
  }
  std::string text() const {
    const auto answer = ask_http(port_, "GET", "/metrics");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    return answer.body;
  }
  double value(const std::string& sample) const {
    const auto samples = parse(text()).samples;
    const auto found = samples.find(sample);
    return found == samples.end() ? -1 : found->second;
  }
  bool reaches(const std::string& sample, double wanted) const {
    return eventually([&] { return value(sample) == wanted; });
  }

  const int port_ = free_port();
};

TEST_F(MetricsTest, CountsWhatHappens) {
  start({{{"include_all", "true"}, {"page_max_limit", "1"}}});
  polled("w");
  pages(2);
  EXPECT_TRUE(reaches(R"(vhookd_deliveries_total{webhook="w",outcome="delivered"})", 2)) << text();
  EXPECT_TRUE(reaches(R"(vhookd_polls_total{webhook="w",outcome="ok"})", 1)) << text();
  const auto before = parse(text()).samples;
  EXPECT_EQ(before.at(R"(vhookd_polls_total{webhook="w",outcome="ok"})"), 1);
  EXPECT_EQ(before.at(R"(vhookd_records_total{webhook="w"})"), 2);
  EXPECT_EQ(before.at(R"(vhookd_pages_total{webhook="w"})"), 2);
  EXPECT_EQ(before.at("vhookd_poll_duration_seconds_count"), 1);
  EXPECT_EQ(before.at("vhookd_delivery_duration_seconds_count"), 2);
  EXPECT_EQ(before.at("vhookd_page_wait_seconds_count"), 2);
  EXPECT_EQ(before.at(R"(vhookd_page_wait_seconds_bucket{le="+Inf"})"), 2);
  EXPECT_EQ(before.at(R"(vhookd_webhook_healthy{webhook="w"})"), 1);
  EXPECT_EQ(before.at(R"(vhookd_webhooks{state="healthy"})"), 1);
  EXPECT_EQ(before.at(R"(vhookd_webhook_interval_seconds{webhook="w"})"), 3600);
  EXPECT_GT(before.at(R"(vhookd_webhook_next_check_timestamp_seconds{webhook="w"})"), 1.7e9);
  EXPECT_GT(before.at("process_resident_memory_bytes"), 1e6);
  EXPECT_GT(before.at("process_start_time_seconds"), 1.7e9);
  EXPECT_GT(before.at("process_open_fds"), 3);

  shop_->run("ALTER TABLE things RENAME TO gone");
  EXPECT_FALSE(daemon_->trigger("w"));
  const auto failed = parse(text()).samples;
  EXPECT_EQ(failed.at(R"(vhookd_polls_total{webhook="w",outcome="failed"})"), 1);
  EXPECT_EQ(failed.at(R"(vhookd_webhook_healthy{webhook="w"})"), 0);
  EXPECT_EQ(failed.at(R"(vhookd_webhooks{state="unhealthy"})"), 1);

  EXPECT_EQ(daemon_->ask({"pause", "w"}).code, 0);
  const auto paused = parse(text()).samples;
  EXPECT_EQ(paused.at(R"(vhookd_webhook_paused{webhook="w"})"), 1);
  EXPECT_FALSE(paused.contains(R"(vhookd_webhook_next_check_timestamp_seconds{webhook="w"})"));
}

TEST_F(MetricsTest, AttemptsByOutcomeAndWhatWaits) {
  const Hook hook([](std::size_t number) { return number == 0 ? "500 No" : "410 Gone"; });
  const Hook never([](std::size_t) { return "404 No"; });
  start({{{"include_all", "true"}, {"hook_url", hook.url()}},
         {{"id", "dying"}, {"include_all", "true"}, {"hook_url", never.url()}, {"retry", "{for: 0s}"}}});
  EXPECT_TRUE(reaches(R"(vhookd_deliveries_total{webhook="w",outcome="gone"})", 1)) << text();
  EXPECT_TRUE(reaches(R"(vhookd_webhook_dead_pages{webhook="dying"})", 1)) << text();
  // What is counted and what is stored change one after the other.
  EXPECT_TRUE(reaches(R"(vhookd_deliveries_total{webhook="dying",outcome="died"})", 1)) << text();
  EXPECT_TRUE(reaches(R"(vhookd_webhooks{state="paused"})", 1)) << text();
  const auto samples = parse(text()).samples;
  EXPECT_EQ(samples.at(R"(vhookd_deliveries_total{webhook="w",outcome="refused"})"), 1);
  EXPECT_EQ(samples.at(R"(vhookd_deliveries_total{webhook="dying",outcome="died"})"), 1);
  EXPECT_EQ(samples.at(R"(vhookd_webhook_queued_pages{webhook="w"})"), 1);
  EXPECT_EQ(samples.at("vhookd_outbox_pages"), 1);
  EXPECT_GT(samples.at("vhookd_outbox_bytes"), 100);
  EXPECT_EQ(samples.at("vhookd_dead_pages"), 1);
  EXPECT_EQ(samples.at(R"(vhookd_webhooks{state="paused"})"), 1);
}

TEST_F(MetricsTest, AWebhookTakenOutTakesItsSeriesAlong) {
  start({{}, {{"id", "other"}}});
  polled("other");
  EXPECT_TRUE(text().contains(R"(webhook="other")"));
  daemon_->configure("api: {listen: '127.0.0.1:" + std::to_string(port_) + "'}\n" + yaml({{}}));
  ASSERT_EQ(daemon_->ask({"reload"}).code, 0);
  EXPECT_FALSE(text().contains(R"(webhook="other")"));
  EXPECT_EQ(value(R"(vhookd_config_reloads_total{outcome="taken"})"), 1);
  daemon_->configure("webhooks: 7\n");
  EXPECT_EQ(daemon_->ask({"reload"}).code, 78);
  EXPECT_EQ(value(R"(vhookd_config_reloads_total{outcome="refused"})"), 1);
  EXPECT_EQ(value("vhookd_config_last_reload_successful"), 0);
}

// Prometheus' naming conventions, as far as they can be checked by rule.
TEST_F(MetricsTest, NamesUnitsAndLabelsAreThoseOfPrometheus) {
  start({{{"include_all", "true"}}, {{"id", "broken"}, {"object_type", "'no\"such\ntable'"}}});
  EXPECT_TRUE(reaches(R"(vhookd_polls_total{webhook="broken",outcome="failed"})", 1)) << text();
  const auto all = parse(text());
  EXPECT_GT(all.types.size(), 30U);
  for (const auto& [name, type] : all.types) {
    EXPECT_TRUE(all.helped.contains(name)) << name;
    EXPECT_EQ(name.ends_with("_total"), type == "counter") << name;
    EXPECT_TRUE(name.starts_with("vhookd_") || name.starts_with("process_")) << name;
    for (const auto* odd : {"milliseconds", "_ms", "kilobytes", "minutes", "hours", "percent"})
      EXPECT_FALSE(name.contains(odd)) << name;
    if (type == "histogram") {
      EXPECT_TRUE(name.ends_with("_seconds")) << name;
    }
  }
  // Bounded: ids and words of vhookd's own. The table's name of the info metric is the configuration's.
  EXPECT_EQ(all.label_names, (std::set<std::string>{"build", "connection_id", "db_type", "detect", "event", "le",
                                                    "object_type", "outcome", "state", "version", "webhook"}));
}

TEST_F(MetricsTest, PromtoolIsContent) {
  if (std::system("command -v promtool > /dev/null 2>&1") != 0)
    GTEST_SKIP() << "NO promtool HERE: install Debian's package prometheus";
  start({{{"include_all", "true"}}, {{"id", "other"}}});
  pages(1);
  const auto file = daemon_->folder() / "metrics";
  std::ofstream(file) << text();
  const auto said = daemon_->folder() / "promtool";
  const auto command = "promtool check metrics < " + file.string() + " > " + said.string() + " 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(read_file(said), "");
}

}  // namespace
}  // namespace vhookd::testing
