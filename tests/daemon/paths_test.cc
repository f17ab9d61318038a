#include "daemon/service/paths.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

namespace vhookd {
namespace {

namespace fs = std::filesystem;
using Variables = std::map<std::string, std::string>;
using Paths = std::vector<std::string>;

Env env_of(const Variables& variables) {
  return [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

class PathsTest : public ::testing::Test {
 protected:
  PathsTest() : folder_(fs::temp_directory_path() / ("vhookd_paths_" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
  }
  ~PathsTest() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }

  fs::path folder_;
};

TEST(Paths, ConfigurationAndState) {
  EXPECT_EQ(config_path({}, env_of({})), "/etc/vhookd/vhookd.yaml");
  EXPECT_EQ(config_path({}, env_of({{"VHOOKD_CONFIG", "/v"}})), "/v");
  EXPECT_EQ(config_path({"/c", ""}, env_of({{"VHOOKD_CONFIG", "/v"}})), "/c");
  const auto env = env_of({{"STATE_DIRECTORY", "/s:/t"}});
  EXPECT_EQ(state_folder({}, "", env_of({})), "/var/lib/vhookd");
  EXPECT_EQ(state_folder({}, "", env), "/s");
  EXPECT_EQ(state_folder({}, "/y", env), "/y");
  EXPECT_EQ(state_folder({"", "/g"}, "/y", env), "/g");
}

TEST(Paths, WhereTheDaemonListens) {
  EXPECT_EQ(socket_path("", "/s", env_of({})), "/s/control.sock");
  EXPECT_EQ(socket_path("", "/s", env_of({{"RUNTIME_DIRECTORY", "/r:/q"}})), "/r/control.sock");
  EXPECT_EQ(socket_path("/x.sock", "/s", env_of({{"RUNTIME_DIRECTORY", "/r"}})), "/x.sock");
}

TEST_F(PathsTest, AClientLooksWhereTheSystemsDaemonIs) {
  const auto config = write("vhookd.yaml", "webhooks: []\n");
  EXPECT_EQ(find_socket({config, ""}, env_of({})).candidates,
            (Paths{"/run/vhookd/control.sock", "/var/lib/vhookd/control.sock"}));
  EXPECT_EQ(find_socket({config, ""}, env_of({{"RUNTIME_DIRECTORY", "/r"}})).candidates.front(), "/r/control.sock");
}

TEST_F(PathsTest, TheSocketInTheConfigurationIsTheOnlyOne) {
  const auto config = write("vhookd.yaml", "state: /s\napi:\n  socket: /x.sock\n");
  EXPECT_EQ(find_socket({config, ""}, env_of({{"RUNTIME_DIRECTORY", "/r"}})).candidates, Paths{"/x.sock"});
}

TEST_F(PathsTest, ItsValuesMayHoldVariables) {
  const auto config =
      write("vhookd.yaml", "state: ${env:HOME}/state\nwebhooks: [{secret: '${credential:not-ours}'}]\n");
  EXPECT_EQ(find_socket({config, ""}, env_of({{"HOME", "/h"}})).candidates, Paths{"/h/state/control.sock"});
}

TEST_F(PathsTest, ADaemonWithItsOwnStateIsNeverTakenForTheSystems) {
  const auto config = write("vhookd.yaml", "state: /s\n");
  EXPECT_EQ(find_socket({config, ""}, env_of({})).candidates, Paths{"/s/control.sock"});
  EXPECT_EQ(find_socket({config, "/g"}, env_of({{"RUNTIME_DIRECTORY", "/r"}})).candidates, Paths{"/g/control.sock"});
}

TEST_F(PathsTest, FoldersAreReadInNameOrder) {
  write("vhookd.yaml", "state: /a\n");
  write("conf.d/20.yaml", "state: /c\n");
  write("conf.d/10.yaml", "state: /b\n");
  EXPECT_EQ(find_socket({(folder_ / "vhookd.yaml").string(), ""}, env_of({})).candidates, Paths{"/c/control.sock"});
  EXPECT_EQ(find_socket({(folder_ / "conf.d").string(), ""}, env_of({})).candidates, Paths{"/c/control.sock"});
}

TEST_F(PathsTest, WhatCannotBeReadIsSaid) {
  const auto missing = find_socket({(folder_ / "none.yaml").string(), ""}, env_of({}));
  EXPECT_FALSE(missing.candidates.empty());
  ASSERT_EQ(missing.notes.size(), 1U);
  EXPECT_NE(missing.notes[0].find("none.yaml cannot be read: No such file"), std::string::npos) << missing.notes[0];
  const auto broken = find_socket({write("vhookd.yaml", "a: [\n"), ""}, env_of({}));
  ASSERT_EQ(broken.notes.size(), 1U);
  EXPECT_NE(broken.notes[0].find("is not valid YAML"), std::string::npos) << broken.notes[0];
}

}  // namespace
}  // namespace vhookd
