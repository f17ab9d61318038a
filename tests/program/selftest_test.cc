// vhookd selftest: it passes where all is well, sees what is not, and leaves nothing behind but evidence.
#include <signal.h>

#include "tests/program/fixture.h"

namespace vhookd::testing {
namespace {

namespace fs = std::filesystem;

class SelftestTest : public ::testing::Test {
 protected:
  Environment environment() const { return {{"TMPDIR", folder_.path()}}; }
  // The test's own folders; none where it is over and all was well.
  std::vector<fs::path> left() const {
    std::vector<fs::path> all;
    for (const auto& entry : fs::directory_iterator(folder_.path())) all.push_back(entry.path());
    return all;
  }

  TempFolder folder_;
};

TEST_F(SelftestTest, PassesAndSaysWhatItDid) {
  const auto said = run({"selftest", "--crash", "6", "--rows", "120"}, environment());
  EXPECT_EQ(said.code, 0) << said.err;
  for (const auto* words : {"killed 6 of 6 times", "6 kills in ", "120 rows changed", "Nothing lost, no gap"})
    EXPECT_TRUE(said.out.contains(words)) << words << " in:\n" << said.out;
  EXPECT_EQ(said.err, "");
  EXPECT_TRUE(left().empty()) << left().front();
}

TEST_F(SelftestTest, InJson) {
  const auto said = run({"selftest", "--crash", "3", "--rows", "60", "--fail", "0", "--json"}, environment());
  EXPECT_EQ(said.code, 0) << said.err;
  const auto json = Json::parse(said.out, nullptr, false);
  ASSERT_TRUE(json.is_object()) << said.out;
  EXPECT_EQ(json["ok"], true);
  EXPECT_EQ(json["kills"], 3);
  EXPECT_EQ(json["changed_rows"], 60);
  EXPECT_EQ(json["refused_on_purpose"], 0);
  EXPECT_GE(json["records"], 1000) << "what was there is sent too";
  EXPECT_LE(json["duplicates"], json["duplicates_allowed"]);
  EXPECT_EQ(json["faults"], Json::array());
}

TEST_F(SelftestTest, FailsWhereTheStateIsLostBetweenTwoLives) {
  Program program({"selftest", "--crash", "40"}, environment());
  ASSERT_TRUE(program.says("killed 8 of 40"));
  ASSERT_EQ(left().size(), 1U);
  const auto state = left().front() / "state";
  EXPECT_TRUE(eventually([&] { return fs::exists(state / "state.db"); }));
  for (const auto* name : {"state.db", "state.db-wal"}) fs::remove(state / name);
  EXPECT_EQ(program.wait(std::chrono::seconds(120)), 1) << program.out() << program.err();
  EXPECT_FALSE(program.out().contains("Nothing lost"));
  EXPECT_TRUE(program.err().contains("vhookd: selftest: ")) << program.err();
  EXPECT_TRUE(program.err().contains("kept in " + left().front().string())) << program.err();
  EXPECT_TRUE(fs::exists(left().front() / "vhookd.log"));
}

TEST_F(SelftestTest, EndsWhenToldAndCleansUp) {
  Program program({"selftest", "--crash", "1000"}, environment());
  ASSERT_TRUE(eventually([&] { return !left().empty() && fs::exists(left().front() / "state" / "state.db"); }));
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), 1);
  EXPECT_TRUE(program.err().contains("interrupted")) << program.err();
  EXPECT_TRUE(left().empty());
}

TEST_F(SelftestTest, WrongUsage) {
  for (const auto& arguments : {Arguments{"selftest"},
                                {"selftest", "--crash"},
                                {"selftest", "--crash", "0"},
                                {"selftest", "--crash", "5", "--fail", "100"},
                                {"selftest", "--crash", "5", "--rows", "none"}})
    EXPECT_EQ(run(arguments, environment()).code, 64);
}

}  // namespace
}  // namespace vhookd::testing
