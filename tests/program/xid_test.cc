// PostgreSQL tables polled by xid: what is written anew without a change, what comes back, what is moved.
#include "tests/program/fixture.h"
#include "tests/support/sql_session.h"

namespace vhookd::testing {
namespace {

class XidTest : public EveryDatabaseTest {
 protected:
  void make_things() {
    shop_->run("CREATE TABLE things (id int PRIMARY KEY, note varchar(40), n int NOT NULL DEFAULT 1)");
    shop_->run("INSERT INTO things SELECT i, 'row ' || i FROM " + shop_->numbers(200));
  }
  void check(const std::string& id = "w") {
    trigger(id);
    expect_nothing_queued(id);
  }
};

TEST_P(XidTest, WhatIsWrittenAnewWithoutAChangeIsNotSent) {
  make_things();
  start({{{"fields", "id, note"}}});
  for (const auto* sql : {"UPDATE things SET note = note", "VACUUM FULL things", "CLUSTER things USING things_pkey",
                          "ALTER TABLE things ALTER n TYPE bigint", "UPDATE things SET note = note WHERE id < 9"}) {
    shop_->run(sql);
    check();
    EXPECT_EQ(receiver_->counts().records, 0) << sql;
  }
  shop_->run("UPDATE things SET note = 'new' WHERE id = 7");
  check();
  EXPECT_EQ(records_text(1), R"({"id":7,"note":"new"})");
  EXPECT_FALSE(daemon_->log().contains("poll-failed")) << daemon_->log();
}

TEST_P(XidTest, ARowThatWasGoneComesEvenAsItWas) {
  make_things();
  start({{{"id", "updated"}, {"fields", "id, note"}},
         {{"id", "created"}, {"event", "created"}, {"fields", "id, note"}},
         {{"id", "changed"}, {"include_created", "false"}, {"fields", "id, note"}}});
  shop_->run("DELETE FROM things WHERE id IN (5, 6)");
  for (const auto* id : {"updated", "created", "changed"}) check(id);
  EXPECT_EQ(receiver_->counts().records, 0);
  shop_->run("INSERT INTO things VALUES (5, 'row 5', 1), (6, 'other', 1)");
  for (const auto* id : {"updated", "created", "changed"}) check(id);
  const auto both = R"({"id":5,"note":"row 5"} {"id":6,"note":"other"})";
  EXPECT_EQ(records_text(2, 0, "updated"), both);
  EXPECT_EQ(records_text(2, 0, "created"), both);
  EXPECT_EQ(records_text(0, 0, "changed"), "");
  shop_->run("TRUNCATE things");
  check("updated");
  shop_->run("INSERT INTO things VALUES (5, 'row 5', 1)");
  check("updated");
  EXPECT_EQ(records_text(3, 2, "updated"), R"({"id":5,"note":"row 5"})");
}

// Read order of a table without a key is its order on disk, which CLUSTER changes.
TEST_P(XidTest, WithoutAKeyNothingIsMissedWhateverTheRewrite) {
  shop_->run("CREATE TABLE things (name varchar(20), v int)");
  shop_->run("INSERT INTO things SELECT 'n' || i, 1 FROM " + shop_->numbers(50));
  start({{{"include_all", "true"}}});
  EXPECT_EQ(records(50).size(), 50U);
  shop_->run("VACUUM FULL things");
  shop_->run("UPDATE things SET v = 2 WHERE name = 'n9'");
  check();
  EXPECT_EQ(records_text(51, 50), R"({"name":"n9","v":2})");
}

TEST_P(XidTest, PartitionsArePolledAsOne) {
  shop_->run("CREATE TABLE things (id int, k int, note text, PRIMARY KEY (id, k)) PARTITION BY RANGE (k)");
  shop_->run("CREATE TABLE low PARTITION OF things FOR VALUES FROM (0) TO (10)");
  shop_->run("CREATE TABLE old (note text, gone int, k int NOT NULL, id int NOT NULL)");  // of another layout
  shop_->run("ALTER TABLE old DROP COLUMN gone");
  shop_->run("INSERT INTO old VALUES ('old', 11, 11), ('old', 12, 12)");
  shop_->run("INSERT INTO things VALUES (1, 1, 'one'), (2, 2, 'two')");
  shop_->run("GRANT SELECT ON things TO PUBLIC");
  start({{{"fields", "id, note"}}});
  EXPECT_TRUE(daemon_->log().contains("detect=xid")) << daemon_->log();
  shop_->run("UPDATE things SET note = 'ONE' WHERE id = 1");
  check();
  EXPECT_EQ(records_text(1), R"({"id":1,"note":"ONE"})");
  shop_->run("ALTER TABLE things ATTACH PARTITION old FOR VALUES FROM (10) TO (20)");
  check();
  EXPECT_EQ(records_text(3, 1), R"({"id":11,"note":"old"} {"id":12,"note":"old"})") << "written long ago";
  shop_->run("UPDATE things SET k = 13 WHERE id = 2");
  check();
  EXPECT_EQ(records_text(4, 3), R"({"id":2,"note":"two"})") << "moved to another partition, under another key";
  shop_->run("ALTER TABLE things DETACH PARTITION old");
  check();
  shop_->run("ALTER TABLE things ATTACH PARTITION old FOR VALUES FROM (10) TO (20)");
  check();
  EXPECT_EQ(records(7).size(), 7U) << "gone and there again";
  shop_->run("UPDATE things SET note = note");
  shop_->run("VACUUM FULL things");
  check();
  EXPECT_EQ(receiver_->counts().records, 7);
}

TEST_P(XidTest, PartitionsWithoutAKey) {
  shop_->run("CREATE TABLE things (name text, k int) PARTITION BY RANGE (k)");
  shop_->run("CREATE TABLE low PARTITION OF things FOR VALUES FROM (0) TO (10)");
  shop_->run("CREATE TABLE old (name text, k int)");
  shop_->run("INSERT INTO old VALUES ('old', 11)");
  shop_->run("INSERT INTO things VALUES ('a', 1), ('b', 2)");
  shop_->run("GRANT SELECT ON things TO PUBLIC");
  start({{{"include_all", "true"}}});
  EXPECT_EQ(records(2).size(), 2U);
  shop_->run("ALTER TABLE things ATTACH PARTITION old FOR VALUES FROM (10) TO (20)");
  check();
  EXPECT_EQ(records_text(3, 2), R"({"name":"old","k":11})");
  shop_->run("UPDATE things SET name = 'c' WHERE k = 2");
  check();
  EXPECT_EQ(records_text(4, 3), R"({"name":"c","k":2})");
}

TEST_P(XidTest, HeirsArePolledWithTheirParent) {
  shop_->run("CREATE TABLE things (id int PRIMARY KEY, note text)");
  shop_->run("CREATE TABLE child () INHERITS (things)");
  shop_->run("CREATE TABLE old (id int NOT NULL, note text)");
  shop_->run("INSERT INTO old VALUES (1, 'old'), (12, 'old')");
  shop_->run("INSERT INTO child VALUES (2, 'two')");
  shop_->run("INSERT INTO things VALUES (1, 'one')");
  shop_->run("GRANT SELECT ON things TO PUBLIC");
  start({{}});
  EXPECT_TRUE(daemon_->log().contains("detect=xid")) << daemon_->log();
  shop_->run("UPDATE child SET note = 'TWO'");
  check();
  EXPECT_EQ(records_text(1), R"({"id":2,"note":"TWO"})");
  shop_->run("ALTER TABLE old INHERIT things");
  check();
  EXPECT_EQ(records_text(3, 1), R"({"id":1,"note":"old"} {"id":12,"note":"old"})") << "written long ago";
  shop_->run("INSERT INTO things VALUES (3, 'three')");
  check();
  EXPECT_EQ(records_text(4, 3), R"({"id":3,"note":"three"})");
}

TEST_P(XidTest, TheFirstHeirOfATableBringsItsRowsAndNoOthers) {
  shop_->run("CREATE TABLE things (id int PRIMARY KEY, note text)");
  shop_->run("INSERT INTO things VALUES (1, 'one'), (2, 'two')");
  shop_->run("CREATE TABLE old (id int NOT NULL, note text)");
  shop_->run("INSERT INTO old VALUES (12, 'old')");
  shop_->run("GRANT SELECT ON things TO PUBLIC");
  start({{}});
  shop_->run("UPDATE things SET note = 'ONE' WHERE id = 1");
  check();
  EXPECT_EQ(records_text(1), R"({"id":1,"note":"ONE"})");
  shop_->run("ALTER TABLE old INHERIT things");
  check();
  EXPECT_EQ(records_text(2, 1), R"({"id":12,"note":"old"})");
  shop_->run("ALTER TABLE old NO INHERIT things");
  shop_->run("UPDATE things SET note = 'TWO' WHERE id = 2");
  check();
  EXPECT_EQ(records_text(3, 2), R"({"id":2,"note":"TWO"})");
}

INSTANTIATE_TEST_SUITE_P(All, XidTest, ::testing::Values("postgres15", "postgres18"), name_of_database);

}  // namespace
}  // namespace vhookd::testing
