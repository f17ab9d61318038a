#include "scheduler/detect/xid/server_run.h"

#include <gtest/gtest.h>

namespace vhookd::testing {
namespace {

TEST(ServerRun, IsToldByItsStartAndItsProcesses) {
  EXPECT_TRUE(same_server_run("17.5 10,11", "17.5 10,11"));
  EXPECT_TRUE(same_server_run("17.5 10,11", "17.5 11,12")) << "a process of its own may come and go";
  EXPECT_FALSE(same_server_run("17.5 10,11", "17.6 10,11"));
  EXPECT_FALSE(same_server_run("17.5 10,11", "17.5 20,21")) << "it recovered from a crash";
  EXPECT_FALSE(same_server_run("17.5 1", "17.5 10,11"));
  EXPECT_FALSE(same_server_run("17.5 ", "17.5 10"));
}

}  // namespace
}  // namespace vhookd::testing
