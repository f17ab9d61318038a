// `vhookd init`: whatever a database's tables are called, its configuration is one that vhookd takes.
#include <cstdio>
#include <fstream>
#include <regex>

#include "tests/program/fixture.h"
#include "tests/support/paths.h"

namespace vhookd::testing {
namespace {

class InitTest : public EveryDatabaseTest {
 protected:
  std::string quoted(const std::string& name) const {
    const char mark = shop_->is_mysql() ? '`' : '"';
    std::string text(1, mark);
    for (const char c : name) text.append(c == mark ? 2 : 1, c);
    return text + mark;
  }
  void make(const std::string& name) {
    shop_->run("CREATE TABLE " + quoted(name) + " (id INTEGER PRIMARY KEY, deleted_at VARCHAR(40))");
    made_.push_back(name);
  }
  Ended init() const { return run({"init", shop_->db_url()}); }
  std::string keep(const std::string& text) const {
    const auto path = (folder_.path() / "vhookd.yaml").string();
    std::ofstream(path, std::ios::trunc) << text;
    return path;
  }
  Ended check(const std::string& path) const {
    return run({"check", "--config", path}, {{"VHOOKD_DB_PASSWORD", shop_->password()}});
  }
  // The whole, with every example made a webhook.
  static std::string uncommented(const std::string& text) {
    return std::regex_replace(std::regex_replace(text, std::regex("\n  # (- id: |  )"), "\n  $1"),
                              std::regex("\n    key: COLUMNS[^\n]*"), "\n    key: id");
  }

  const TempFolder folder_;
  std::vector<std::string> made_;
};

TEST_P(InitTest, AnyNameIsTaken) {
  for (const char* name : {" leading",
                           "quo\"te'`",
                           "näme 表",
                           "a: b #c",
                           "yes",
                           "Null",
                           "012",
                           "1e3",
                           "- x",
                           "{x}",
                           "[y]",
                           "${env:HOME}",
                           "$${x}",
                           "*star",
                           "&and",
                           "!tag",
                           "%at",
                           "@at",
                           "back\\slash",
                           "a,b",
                           "nel\xC2\x85x",
                           "ls\xE2\x80\xA8x",
                           "bom\xEF\xBB\xBFx",
                           "~",
                           "orders",
                           "orders deleted",
                           "orders!deleted"})
    make(name);
  if (!shop_->is_mysql()) make("🙂");  // its names have no letters beyond U+FFFF
  make(std::string(60, 'x'));
  make(std::string(59, 'x') + "y");
  const auto said = init();
  ASSERT_EQ(said.code, 0) << said.err;
  const auto path = keep(said.out);
  const auto checked = check(path);
  EXPECT_EQ(checked.code, 0) << checked.err << said.out;
  // Each webhook finds its own table.
  for (const auto& name : made_) shop_->run("INSERT INTO " + quoted(name) + " (id) VALUES (1)");
  std::size_t webhooks = 0;
  const std::regex live("\n  - id: \"?([^\"\n]+)");
  for (std::sregex_iterator id(said.out.begin(), said.out.end(), live), end; id != end; ++id) {
    const auto shown =
        run({"explain", (*id)[1], "--json", "--config", path}, {{"VHOOKD_DB_PASSWORD", shop_->password()}});
    EXPECT_EQ(shown.code, 0) << (*id)[1] << ": " << shown.err;
    EXPECT_EQ(Json::parse(shown.out, nullptr, false)["first_page"]["records"], 1) << shown.out;
    ++webhooks;
  }
  EXPECT_EQ(webhooks, made_.size()) << said.out;
  const auto all = check(keep(uncommented(said.out)));
  EXPECT_EQ(all.code, 0) << all.err;
  EXPECT_TRUE(all.out.contains(std::to_string(3 * made_.size()) + " webhooks")) << all.out;
}

TEST_P(InitTest, WhatCantBeTakenIsLeftOutAndSaid) {
  if (!shop_->is_mysql()) make("new\nline\n  - id: smuggled\n");
  if (shop_->is_sqlite()) make("no utf-8 \xFF\xFE");
  shop_->run("CREATE VIEW v AS SELECT 1 AS id, 2 AS b");
  if (!shop_->is_sqlite()) shop_->run("CREATE TABLE keyless (a INTEGER)");
  const auto said = init();
  ASSERT_EQ(said.code, 0) << said.err;
  const auto checked = check(keep(said.out));
  EXPECT_EQ(checked.code, 0) << checked.err << said.out;
  EXPECT_FALSE(said.out.contains("\n  - id: smuggled")) << said.out;
  EXPECT_FALSE(said.out.contains("\n  - id: v")) << said.out;
  EXPECT_TRUE(said.out.contains("has no primary key; name the columns that tell its rows apart under key")) << said.out;
  EXPECT_TRUE(said.out.contains("\n  #   key: COLUMNS")) << said.out;
  EXPECT_EQ(check(keep(uncommented(said.out))).code, 0);
}

TEST_P(InitTest, NothingToFindIsStillAConfiguration) {
  const auto said = init();
  ASSERT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(check(keep(said.out)).code, 0) << said.out;
}

TEST_P(InitTest, ThePasswordIsNowhere) {
  make("orders");
  const auto said = init();
  ASSERT_EQ(said.code, 0) << said.err;
  const bool has_one = !shop_->password().empty();
  EXPECT_EQ(said.out.contains("${env:VHOOKD_DB_PASSWORD}"), has_one) << said.out;
  EXPECT_EQ(said.err.contains("`vhookd init -`"), has_one) << said.err;
  if (has_one) {
    EXPECT_FALSE((said.out + said.err).contains(shop_->password())) << said.out << said.err;
  }
  // From standard input, where nobody else sees it.
  const auto command = "printf '%s\\n' '" + shop_->db_url() + "' | " + build_dir() + "/vhookd init - 2>&1";
  std::string out;
  std::FILE* pipe = popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) out += static_cast<char>(c);
  EXPECT_EQ(pclose(pipe), 0);
  EXPECT_EQ(out, said.out);
}

INSTANTIATE_TEST_SUITE_P(All, InitTest, every_database, name_of_database);

TEST(InitCommand, WhatIsNoUrlIsWrongUsage) {
  for (const char* url : {"", "nonsense", "ftp://u:CanaryPassword7@h/d", "postgresql://u:CanaryPassword7@h:port/d",
                          "postgresql://u:${env:CanaryPassword7}@h/d", "sqlite://relative.db"}) {
    const auto said = run({"init", url});
    EXPECT_EQ(said.code, 64) << url << ": " << said.err;
    EXPECT_EQ(said.out, "") << url;
    EXPECT_FALSE(said.err.contains("CanaryPassword7")) << said.err;
  }
  EXPECT_EQ(run({"init", "-"}).code, 64) << "nothing on standard input";
  const auto missing = run({"init", "sqlite:///nowhere/shop.db"});
  EXPECT_EQ(missing.code, 1);
  EXPECT_TRUE(missing.err.contains("/nowhere/shop.db")) << missing.err;
}

}  // namespace
}  // namespace vhookd::testing
