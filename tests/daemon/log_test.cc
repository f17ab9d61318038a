#include "daemon/output/log.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vhookd {
namespace {

TEST(Journal, GetsAFieldForEachOfTheLines) {
  EXPECT_EQ(journal_fields(Level::warn, "poll-failed", {{"webhook", "orders"}, {"error", "no\nsuch table"}}),
            (std::vector<std::string>{"MESSAGE=poll-failed webhook=orders error=\"no\\nsuch table\"", "PRIORITY=4",
                                      "SYSLOG_IDENTIFIER=vhookd", "VHOOKD_CODE=poll-failed", "VHOOKD_WEBHOOK=orders",
                                      "VHOOKD_ERROR=no\nsuch table"}));
  EXPECT_EQ(journal_fields(Level::error, "x", {{"odd name", ""}}).back(), "VHOOKD_ODD_NAME=");
}

TEST(Journal, PriorityFollowsTheLevel) {
  const std::pair<Level, const char*> cases[] = {{Level::debug, "PRIORITY=7"},
                                                 {Level::info, "PRIORITY=6"},
                                                 {Level::warn, "PRIORITY=4"},
                                                 {Level::error, "PRIORITY=3"}};
  for (const auto& [level, priority] : cases) EXPECT_EQ(journal_fields(level, "x", {})[1], priority);
}

TEST(Journal, IsWhatTheVariableNamesAndNothingElse) {
  int ends[2] = {};
  ASSERT_EQ(pipe(ends), 0);
  struct stat what {};
  ASSERT_EQ(fstat(ends[1], &what), 0);
  const std::string name = std::to_string(what.st_dev) + ":" + std::to_string(what.st_ino);
  EXPECT_TRUE(is_journal(name.c_str(), ends[1]));
  EXPECT_FALSE(is_journal((name + "0").c_str(), ends[1]));
  EXPECT_FALSE(is_journal("", ends[1]));
  EXPECT_FALSE(is_journal(nullptr, ends[1])) << "not started by systemd";
  close(ends[0]);
  close(ends[1]);
  EXPECT_FALSE(is_journal(name.c_str(), ends[1])) << "closed";
}

}  // namespace
}  // namespace vhookd
