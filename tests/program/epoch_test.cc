// A webhook whose configuration or table changes: what the old one would have sent still goes out, and what it
// can't work with is said and mends by itself.
#include "tests/program/fixture.h"

namespace vhookd::testing {
namespace {

class EpochTest : public EveryDatabaseTest {
 protected:
  void make_things() {
    const auto time = shop_->is_postgres() ? "timestamptz" : shop_->is_mysql() ? "datetime(6)" : "TEXT";
    shop_->run("CREATE TABLE things (id int PRIMARY KEY, note varchar(40), updated_at " + std::string(time) +
               " NOT NULL DEFAULT '2026-01-01 00:00:00')");
    shop_->run("CREATE INDEX things_updated ON things (updated_at)");
    shop_->run("INSERT INTO things (id, note) VALUES (1, 'one'), (2, 'two'), (3, 'three')");
  }
  void change(int id, const std::string& note) {
    shop_->run("UPDATE things SET note = '" + note + "', updated_at = '2026-01-0" + std::to_string(++day_) +
               " 00:00:00' WHERE id = " + std::to_string(id));
  }
  void reload(const std::vector<Keys>& webhooks) {
    daemon_->configure(yaml(webhooks));
    const auto said = daemon_->ask({"reload"});
    EXPECT_EQ(said.code, 0) << said.err;
  }
  bool is_healthy(const std::string& id, bool healthy) {
    return daemon_->reaches(id, [&](const Json& status) { return status["is_healthy"] == healthy; });
  }
  std::string last_error(const std::string& id) { return daemon_->status(id).value("last_error", ""); }

  int day_ = 1;
};

TEST_P(EpochTest, WhatChangedBeforeAReloadGoesOutAsItWasConfigured) {
  make_things();
  start({{{"fields", "id"}}});
  EXPECT_EQ(daemon_->status("w")["epoch"], 1);
  change(1, "ONE");
  reload({{{"fields", "id, note"}}});
  EXPECT_EQ(records_text(1), R"({"id":1})");
  EXPECT_TRUE(daemon_->reaches("w", [](const Json& status) { return status["epoch"] == 2; }));
  change(2, "TWO");
  trigger();
  EXPECT_EQ(records_text(2, 1), R"({"id":2,"note":"TWO"})");
  // Two in a row, the first never polled, with filters that turn the other way.
  change(3, "THREE");
  daemon_->ask({"pause", "w"});
  reload({{{"fields", "id, note"}, {"filters", "{id: {lt: 2}}"}}});
  reload({{{"fields", "note"}, {"filters", "{id: 2}"}}});
  daemon_->ask({"resume", "w"});
  EXPECT_EQ(records_text(3, 2), R"({"id":3,"note":"THREE"})");
  EXPECT_TRUE(daemon_->reaches("w", [](const Json& status) { return status["epoch"] == 3; }));
  change(2, "two");
  change(3, "three");
  trigger();
  EXPECT_EQ(records_text(4, 3), R"({"note":"two"})");
  EXPECT_TRUE(daemon_->log().contains("epoch-closed"));
}

TEST_P(EpochTest, AnotherEventIsPolledInItsOwnWay) {
  make_things();
  start({{}});
  change(1, "ONE");
  shop_->run("DELETE FROM things WHERE id = 3");
  reload({{{"event", "deleted"}}});
  EXPECT_TRUE(records_text(1).contains(R"("id":1,"note":"ONE")"));
  EXPECT_TRUE(daemon_->reaches("w", [](const Json& status) { return status["epoch"] == 2; }));
  shop_->run("DELETE FROM things WHERE id = 2");
  trigger();
  EXPECT_EQ(records_text(2, 1), R"({"id":2})");
  reload({{{"event", "updated"}}});
  EXPECT_TRUE(daemon_->reaches("w", [](const Json& status) { return status["epoch"] == 3; }));
  change(1, "1");
  trigger();
  EXPECT_TRUE(records_text(3, 2).contains(R"("id":1,"note":"1")"));
}

TEST_P(EpochTest, WhatCanNotBePolledOnceMoreIsSaidAndLeft) {
  make_things();
  shop_->run("CREATE TABLE others (id int PRIMARY KEY, note varchar(40))");
  start({{}});
  shop_->run("DROP TABLE things");
  reload({{{"object_type", "others"}}});
  EXPECT_TRUE(daemon_->reaches("w", [](const Json& status) { return status["epoch"] == 2; }));
  EXPECT_TRUE(daemon_->log().contains("epoch-cut")) << daemon_->log();
  shop_->run("INSERT INTO others VALUES (1, 'new')");
  trigger();
  EXPECT_EQ(records_text(1), R"({"id":1,"note":"new"})");
}

TEST_P(EpochTest, AColumnThatGoesIsNamedAndTheOthersGoOn) {
  make_things();
  start({{{"id", "named"}, {"fields", "id, note"}}, {{"id", "all"}}});
  shop_->run("ALTER TABLE things ADD COLUMN more int");
  shop_->run("UPDATE things SET more = 7, updated_at = '2026-01-05 00:00:00' WHERE id = 1");
  trigger("all");
  EXPECT_TRUE(records_text(1, 0, "all").contains(R"("more":7)"));
  trigger("named");
  shop_->run("ALTER TABLE things RENAME COLUMN note TO remark");
  EXPECT_EQ(daemon_->ask({"trigger", "named"}).code, 1);
  EXPECT_TRUE(is_healthy("named", false));
  EXPECT_TRUE(last_error("named").contains("fields") && last_error("named").contains("note")) << last_error("named");
  trigger("all");
  EXPECT_EQ(daemon_->status("all")["is_healthy"], true);
  shop_->run("ALTER TABLE things RENAME COLUMN remark TO note");
  day_ = 6;
  change(2, "TWO");
  trigger("named");
  EXPECT_TRUE(is_healthy("named", true));
  EXPECT_TRUE(records_text(1, 0, "named").contains(R"({"id":2,"note":"TWO"})"));
  EXPECT_EQ(daemon_->status("named")["epoch"], 1);
}

TEST_P(EpochTest, AKeyThatIsRenamedStopsTheWebhookUntilSomebodySaysWhatTakesItsPlace) {
  make_things();
  start({{}});
  shop_->run("ALTER TABLE things RENAME COLUMN id TO number");
  EXPECT_EQ(daemon_->ask({"trigger", "w"}).code, 1);
  EXPECT_TRUE(is_healthy("w", false));
  EXPECT_TRUE(last_error("w").contains("column id") && last_error("w").contains("under key")) << last_error("w");
  reload({{{"key", "number"}}});
  EXPECT_TRUE(is_healthy("w", true));
  shop_->run("UPDATE things SET note = 'ONE', updated_at = '2026-01-06 00:00:00' WHERE number = 1");
  trigger();
  EXPECT_TRUE(records_text(1).contains(R"("number":1,"note":"ONE")"));
}

INSTANTIATE_TEST_SUITE_P(All, EpochTest, every_database, name_of_database);

}  // namespace
}  // namespace vhookd::testing
