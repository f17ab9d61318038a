// The status page of a running daemon in a real, headless Chromium. What is looked for stands in page.mjs; the
// screenshots are kept in the build folder.
#include "tests/program/fixture.h"
#include "tests/support/hook.h"
#include "tests/support/http_client.h"
#include "tests/support/node.h"
#include "tests/support/paths.h"

namespace vhookd::testing {
namespace {

class PageTest : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    std::string why;
    // The newest release that runs on Node.js 18, which is Debian 12's.
    library_ = npm_package("playwright-core@1.61.1", why);
    if (library_.empty()) GTEST_SKIP() << "NO playwright-core: " << why;
    if (run_shell("command -v chromium", chromium_) != 0) GTEST_SKIP() << "NO chromium: install Debian's package";
    chromium_.pop_back();
    std::filesystem::create_directories(screenshots);
    shop_->run("CREATE TABLE things (id INTEGER PRIMARY KEY, note TEXT)");
    shop_->run("INSERT INTO things VALUES (1, 'one'), (2, 'two')");
  }
  // A daemon of its own for this configuration; the port it answers on.
  int start_with(const std::string& text, const std::string& host = "127.0.0.1") {
    const int port = free_port();
    daemons_.push_back(std::make_unique<Daemon>("api: {listen: '" + host + ":" + std::to_string(port) +
                                                "', token: let-me-in-please}\n" + text));
    daemons_.back()->start();
    return port;
  }
  Daemon& last() const { return *daemons_.back(); }
  bool reached(const std::string& id, const std::function<bool(const Json&)>& holds) const {
    return last().reaches(id, holds);
  }
  static bool was_polled(const Json& status) { return status.contains("checked_at"); }

  // One that is well, one whose table's name is hostile, one whose page has died, one whose page is sent again in an
  // hour.
  int start_four() {
    const int port =
        start_with(yaml({{{"id", "good"}, {"include_all", "true"}},
                         {{"id", "hostile"}, {"object_type", Json(hostile).dump()}},
                         {{"id", "dying"}, {"include_all", "true"}, {"hook_url", never_.url()}, {"retry", "{for: 0s}"}},
                         {{"id", "waiting"}, {"include_all", "true"}, {"hook_url", later_.url()}}}));
    EXPECT_TRUE(reached("good", was_polled));
    EXPECT_TRUE(reached("dying", [](const Json& status) { return status["dead_pages"] == 1; }));
    EXPECT_TRUE(reached("waiting", [](const Json& status) { return status.contains("next_attempt"); }));
    EXPECT_TRUE(reached("hostile", [](const Json& status) { return status["is_healthy"] == false; }));
    return port;
  }
  int start_thousand() {
    std::vector<Keys> webhooks;
    for (int i = 0; i < 1000; ++i) webhooks.push_back({{"id", "hook-" + std::to_string(i)}, {"secret", ""}});
    return start_with(yaml(webhooks));
  }

  inline static const std::string screenshots = build_dir() + "/screenshots";
  // No quote of the shell's in it; the other one is in the search of page.mjs.
  static constexpr auto hostile = R"(<img src=x onerror="pwned=1"></td><script>pwned=1</script>&lt;{{&main}})";
  const Hook never_{[](std::size_t) { return "404 <script>pwned=1</script>"; }};
  const Hook later_{[](std::size_t) { return "503 <b>Busy</b>\r\nretry-after: 3600"; }};
  std::vector<std::unique_ptr<Daemon>> daemons_;
  std::string library_, chromium_;
};

TEST_F(PageTest, InARealBrowser) {
  const auto thousand = "=" + std::to_string(start_thousand());
  const auto four = "=" + std::to_string(start_four()) + " ";
  const auto empty = "=" + std::to_string(start_with("webhooks: []\n")) + " ";
  const auto everywhere = "=" + std::to_string(start_with(yaml({{}}), "0.0.0.0")) + " ";
  EXPECT_TRUE(reached("w", was_polled));
  std::string said;
  const int code = run_shell("HOSTILE='" + std::string(hostile) + "' timeout 200 node " + source_dir() +
                                 "/tests/program/page.mjs " + library_ + " " + chromium_ + " " + screenshots +
                                 " reading" + four + "looks" + four + "hostile" + four + "fresh" + four + "acting" +
                                 four + "empty" + empty + "everywhere" + everywhere + "thousand" + thousand,
                             said);
  EXPECT_EQ(code, 0);
  std::cout << said;
}

}  // namespace
}  // namespace vhookd::testing
