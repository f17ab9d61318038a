// Every file of tests/config/bad with the exact errors it gives.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/load.h"
#include "tests/config/support.h"
#include "tests/support/paths.h"

namespace vhookd::config {
namespace {

namespace fs = std::filesystem;

const fs::path folder = fs::path(source_dir()) / "tests/config/bad";

std::vector<std::string> bad_cases() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const fs::path name = entry.path().filename();
    if (entry.is_directory() || name.extension() == ".yaml") names.push_back(name.string());
  }
  std::ranges::sort(names);
  return names;
}

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class Bad : public testing::TestWithParam<std::string> {};

// With VHOOKD_REWRITE set, the errors are written down instead of compared: read the difference before you keep it.
TEST_P(Bad, GivesExactlyTheseErrors) {
  fs::current_path(folder);
  const auto config = load(GetParam(), test_secrets());
  ASSERT_FALSE(config.has_value());
  std::string errors;
  for (const std::string& error : config.error()) errors += error + "\n";
  const fs::path expected = folder / fs::path(GetParam()).replace_extension(".errors");
  if (std::getenv("VHOOKD_REWRITE") != nullptr) std::ofstream(expected) << errors;
  EXPECT_EQ(errors, contents(expected));
}

// Every password and secret of these files has one of these words in it.
TEST_P(Bad, NeverSaysASecret) {
  fs::current_path(folder);
  const auto config = load(GetParam(), test_secrets());
  ASSERT_FALSE(config.has_value());
  for (const std::string& error : config.error()) {
    EXPECT_EQ(error.find("hush"), std::string::npos) << error;
    EXPECT_EQ(error.find(canary), std::string::npos) << error;
    EXPECT_EQ(error.find("yMnKy8zNzs"), std::string::npos) << error;
  }
}

INSTANTIATE_TEST_SUITE_P(Files, Bad, testing::ValuesIn(bad_cases()), [](const auto& each) {
  std::string name = each.param;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
});

TEST(BadFiles, AreManyAndEachHasItsErrors) {
  EXPECT_GE(bad_cases().size(), 60U);
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".errors") {
      const bool known = fs::exists(fs::path(entry.path()).replace_extension(".yaml")) ||
                         fs::is_directory(fs::path(entry.path()).replace_extension());
      EXPECT_TRUE(known) << entry.path() << " belongs to no case";
    }
}

TEST(BadFiles, AMissingFileIsNamed) {
  const auto config = load("/nonexistent/vhookd.yaml", test_secrets());
  ASSERT_FALSE(config.has_value());
  EXPECT_EQ(config.error(),
            Errors{"/nonexistent/vhookd.yaml: cannot be read: No such file or directory; create it, or set "
                   "another path with --config or VHOOKD_CONFIG"});
}

// Which connections stand there is not known, so that none is called unknown.
TEST(BadFiles, AFileThatIsNoYamlMakesNoOtherWrong) {
  const TempFolder temp;
  const std::string broken =
      temp.write("vhookd.yaml", "connections: {shop: {db_url: 'sqlite:///srv/a.db'}}\nlog: {level: [}\n");
  const std::string path = temp.write("conf.d/a.yaml",
                                      "webhooks:\n  - {id: a b, connection_id: shop, object_type: t, event: updated, "
                                      "hook_url: 'https://h.example/'}\n");
  const auto config = load(broken, test_secrets());
  ASSERT_FALSE(config.has_value());
  ASSERT_EQ(config.error().size(), 2U) << testing::PrintToString(config.error());
  EXPECT_TRUE(config.error()[0].starts_with(broken + ":2:")) << config.error()[0];
  EXPECT_EQ(config.error()[1],
            path + ":2:10: webhooks[0].id: \"a b\" must consist of 1 to 64 letters, digits, dots, _ and -");
}

TEST(BadFiles, AFileOverOneMebibyteIsRefused) {
  const TempFolder temp;
  const std::string path = temp.write("big.yaml", "# " + std::string((1 << 20) - 2, 'x'));
  EXPECT_TRUE(load(path, test_secrets()).has_value());
  temp.write("big.yaml", "# " + std::string((1 << 20) - 1, 'x'));
  const auto config = load(path, test_secrets());
  ASSERT_FALSE(config.has_value());
  EXPECT_EQ(config.error(),
            Errors{path + ":1:1: yaml: is larger than 1 MiB; split the webhooks into several files under conf.d"});
}

TEST(BadFiles, AFolderWithoutYamlIsAnError) {
  const TempFolder temp;
  const auto config = load(temp.path(), test_secrets());
  ASSERT_FALSE(config.has_value());
  EXPECT_EQ(config.error(),
            Errors{temp.path() + ": contains no *.yaml file; put vhookd.yaml there, or give the path of a file"});
}

}  // namespace
}  // namespace vhookd::config
