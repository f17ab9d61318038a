// Holds the rules of tests/tidy.h over the whole repository, and shows of each that it can fail.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/support/paths.h"
#include "tests/tidy.h"

namespace vhookd::tidy {
namespace {

namespace fs = std::filesystem;

// Every text file of the repository; not what is built, fetched, or a test's deliberately bad input.
std::vector<File> repository() {
  static const std::set<std::string> skipped = {".git", "build", "node_modules", ".cache", "bad", "corpus"};
  static const std::set<std::string> text = {".cc",      ".h",  ".md", ".txt", ".yaml", ".json",
                                             ".service", ".sh", ".py", ".mjs", ".js"};
  const fs::path top = source_dir();
  std::vector<File> files;
  for (auto i = fs::recursive_directory_iterator(top); i != fs::recursive_directory_iterator(); ++i) {
    const auto name = i->path().filename().string();
    if (i->is_directory() && skipped.contains(name)) i.disable_recursion_pending();
    if (!i->is_regular_file() || (!text.contains(i->path().extension()) && name != "dev" && name != "servers"))
      continue;
    std::ostringstream content;
    content << std::ifstream(i->path()).rdbuf();
    files.push_back({fs::relative(i->path(), top).string(), content.str()});
  }
  return files;
}

std::string report(const std::vector<Finding>& found) {
  std::string text;
  for (const auto& finding : found) text += describe(finding) + "\n";
  return text;
}

TEST(Repository, KeepsTheHouseRules) {
  const auto files = repository();
  ASSERT_GT(files.size(), 20U) << "the repository was not found at " << source_dir();
  std::vector<Finding> found;
  for (const auto& file : files) {
    check_text(file, found);
    if (!file.path.ends_with(".cc") && !file.path.ends_with(".h")) continue;
    check_arrows(file, found);
    check_calls(file, found);
    check_length(file, found);
    check_header(file, found);
  }
  check_listed(files, found);
  EXPECT_TRUE(found.empty()) << report(found);
}

using Check = void (*)(const File&, std::vector<Finding>&);

// What `check` says of one made-up file.
std::string said(Check check, const std::string& path, const std::string& text) {
  std::vector<Finding> found;
  check({path, text}, found);
  return report(found);
}

TEST(Arrows, PointAtCoreAndConfigOnly) {
  struct Case {
    const char* from;
    const char* includes;
    bool good;
  };
  for (const auto& [from, includes, good] : std::initializer_list<Case>{
           {"core/a.cc", "core/b.h", true},
           {"core/a.cc", "config/b.h", false},
           {"config/a.cc", "core/b.h", true},
           {"config/a.cc", "scheduler/b.h", false},
           {"scheduler/a.cc", "config/b.h", true},
           {"scheduler/a.cc", "connectors/connector.h", false},
           {"store/a.h", "delivery/b.h", false},
           {"delivery/a.cc", "daemon/b.h", false},
           {"connectors/postgres/a.cc", "connectors/connector.h", true},
           {"connectors/postgres/a.cc", "connectors/postgres/b.h", true},
           {"connectors/postgres/a.cc", "connectors/mysql/b.h", false},
           {"connectors/postgres/a.cc", "connectors/sql/b.h", true},
           {"connectors/sql/a.cc", "connectors/postgres/b.h", false},
           {"connectors/nearest.cc", "connectors/mysql/b.h", false},
           {"connectors/connector.cc", "connectors/mysql/b.h", true},
           {"connectors/connector.cc", "store/store.h", false},
           {"daemon/a.cc", "store/store.h", true},
           {"daemon/a.cc", "tests/fake.h", false},
           {"tests/a.cc", "daemon/b.h", true},
           {"core/a.cc", "b.h", false},
           {"core/a.cc", "../store/store.h", false},
       }) {
    const auto text = std::string("#include <vector>\n#include \"") + includes + "\"\n";
    EXPECT_EQ(said(check_arrows, from, text).empty(), good) << from << " -> " << includes;
  }
  EXPECT_EQ(said(check_arrows, "store/a.cc", "\n#include \"delivery/b.h\"\n"),
            "store/a.cc:2: store/ may not include delivery/b.h\n");
}

TEST(Calls, HaveOneDoorEach) {
  struct Case {
    const char* path;
    const char* line;
    bool good;
  };
  for (const auto& [path, line, good] : std::initializer_list<Case>{
           {"core/clock.cc", "std::chrono::system_clock::now()", true},
           {"store/a.cc", "std::chrono::system_clock::now()", false},
           {"daemon/a.cc", "std::chrono::steady_clock::now()", false},
           {"tests/a.cc", "std::chrono::steady_clock::now()", true},
           {"store/a.cc", "clock.now()", true},
           {"store/a.cc", "// not system_clock::now()", true},
           {"store/a.cc", "text = \"system_clock::now()\";", true},
           {"daemon/a.cc", "std::this_thread::sleep_for(1s)", false},
           {"daemon/a.cc", "  sleep(1);", false},
           {"daemon/a.cc", "stop.sleep(1);", true},
           {"daemon/a.cc", "::usleep(5)", false},
           {"store/a.cc", "std::cout << 1", false},
           {"daemon/a.cc", "std::cout << 1", true},
           {"delivery/a.cc", "std::getenv(\"X\")", false},
           {"config/a.cc", "std::getenv(\"X\")", true},
           {"daemon/a.cc", "std::getenv(\"X\")", true},
       })
    EXPECT_EQ(said(check_calls, path, std::string(line) + "\n").empty(), good) << path << ": " << line;
}

std::string many_lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "  f();\n";
  return text;
}

TEST(Length, OfFunctions) {
  EXPECT_EQ(said(check_length, "core/a.cc", "namespace n {\nint f(int a = 1) {\n" + many_lines(78) + "}\n}\n"), "");
  EXPECT_EQ(said(check_length, "core/a.cc", "namespace n {\nint f(int a = 1) {\n" + many_lines(79) + "}\n}\n"),
            "core/a.cc:2: a function of 81 lines; split it\n");
  EXPECT_EQ(said(check_length, "tests/a.cc", "TEST(A, B) {\n" + many_lines(100) + "}\n"), "");
  EXPECT_NE(said(check_length, "tests/a.cc", "TEST(A, B) {\n" + many_lines(120) + "}\n"), "");
  for (const std::string head : {"struct S {\n int f() const {\n", "TEST(A, B) {\n", "const auto f = [] {\n",
                                 "S::S() : a_(1) {\n", "auto f() -> int\n{\n", "bool operator==(S a, S b) {\n"})
    EXPECT_NE(said(check_length, "core/a.cc", head + many_lines(90) + "}\n"), "") << head;
  // What is long and no function: a class, a table, an enumeration, a namespace.
  for (const std::string head : {"class S {\n", "constexpr Entry entries[] = {\n", "enum class E {\n", "namespace {\n"})
    EXPECT_EQ(said(check_length, "core/a.cc", head + many_lines(90) + "}\n"), "") << head;
}

TEST(Length, CountsNoBraceOfAStringOrAComment) {
  EXPECT_EQ(said(check_length, "core/a.cc", "void f() { g(\"{\", '{', R\"({{)\", 1'000); }  // {\n" + many_lines(90)),
            "");
}

TEST(Length, OfFiles) {
  EXPECT_EQ(said(check_length, "core/a.cc", many_lines(450)), "");
  EXPECT_NE(said(check_length, "core/a.cc", many_lines(451)), "");
  EXPECT_EQ(said(check_length, "tests/a.cc", many_lines(451)), "");
}

TEST(Header, SaysWhatItIsFor) {
  EXPECT_EQ(said(check_header, "core/a.h", "// Words.\n#pragma once\n"), "");
  EXPECT_NE(said(check_header, "core/a.h", "#pragma once\n"), "");
  EXPECT_EQ(said(check_header, "core/a.h", "// Words, and no #pragma once.\n"), "core/a.h: no #pragma once\n");
}

TEST(Text, IsPlain) {
  EXPECT_EQ(said(check_text, "a.md", "one\n\ntwo\n"), "");
  EXPECT_EQ(said(check_text, "a.md", "one \n"), "a.md:1: trailing blanks\n");
  EXPECT_EQ(said(check_text, "a.md", "x\n\tone\n"), "a.md:2: a tab\n");
  EXPECT_EQ(said(check_text, "a.md", "one\r\n"), "a.md:1: a carriage return\n");
  EXPECT_EQ(said(check_text, "a.md", "one"), "a.md:1: no newline at the end\n");
  for (const std::string folder : {"root", "work", "home/ada"})
    EXPECT_NE(said(check_text, "a.md", "see /" + folder + "/vhookd\n"), "") << folder;
  EXPECT_EQ(said(check_text, "a.md", "see https://example/work/x, /homework/ and tests/work/\n"), "");
}

TEST(Listed, EachSourceIsBuilt) {
  const auto said_of = [](const std::string& cmake, const std::string& tests_cmake) {
    std::vector<Finding> found;
    check_listed({{"CMakeLists.txt", cmake},
                  {"tests/CMakeLists.txt", tests_cmake},
                  {"core/a.cc", ""},
                  {"tests/core/a_test.cc", ""}},
                 found);
    return report(found);
  };
  EXPECT_EQ(said_of("target_sources(x PRIVATE\n core/a.cc)", "vhookd_test(a core/a_test.cc)"), "");
  EXPECT_EQ(said_of("core/a.cc", "vhookd_test(a ${CMAKE_SOURCE_DIR}/tests/core/a_test.cc)"), "");
  EXPECT_EQ(said_of("core/aa.cc", "core/a_test.cc"), "core/a.cc: in no CMakeLists.txt: it is never built\n");
  EXPECT_EQ(said_of("core/a.cc core/a.cc", "core/a_test.cc core/a_test.cc"), "core/a.cc: listed twice\n");
  EXPECT_NE(said_of("core/a.cc", ""), "");
}

TEST(CodeOnly, KeepsPlacesAndBlanksTheRest) {
  EXPECT_EQ(code_only("a /* b\nc */ d // e\nf"), "a     \n     d     \nf");
  EXPECT_EQ(code_only("x(\"\\\"y\") z"), "x(     ) z");
  EXPECT_EQ(code_only("R\"q(a)\"b)q\" c"), "R           c");
  EXPECT_EQ(code_only("1'000 + 'a'"), "1'000 +    ");
}

}  // namespace
}  // namespace vhookd::tidy
