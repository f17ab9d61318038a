// PostgreSQL tables so large that most polls look at a range of an index: what those find, what waits for a full sweep,
// and what brings one about. The catalogue is made to say that the tables are large.
#include "tests/program/fixture.h"
#include "tests/support/sql_session.h"

namespace vhookd::testing {
namespace {

class NarrowTest : public EveryDatabaseTest {
 protected:
  // `type`: of updated_at. `more`: behind the columns.
  void make_things(const std::string& type = "timestamptz", const std::string& more = "") {
    shop_->run("CREATE TABLE things (id int PRIMARY KEY, v int NOT NULL, updated_at " + type + " DEFAULT now())" +
               more);
    fill();
  }
  void fill() {
    shop_->run("GRANT SELECT ON things TO PUBLIC");
    shop_->run("INSERT INTO things SELECT i, 0, now() - interval '1 day' FROM " + shop_->numbers(50));
    shop_->run("CREATE INDEX moved ON things (updated_at)");
    call_large();
  }
  void call_large() {
    shop_->run(
        "UPDATE pg_class SET reltuples = 5000000 WHERE relkind = 'r' AND (relname = 'things' OR oid IN "
        "(SELECT inhrelid FROM pg_inherits WHERE inhparent = 'things'::regclass))");
  }
  void start_often(const Keys& more = {}) {
    daemon_ = std::make_unique<Daemon>("log: {level: debug}\n" + yaml({often(more)}));
    daemon_->start();
    EXPECT_TRUE(eventually([&] { return daemon_->log().contains("narrowed by index moved on updated_at"); }))
        << daemon_->log();
    // A first poll may leave transactions of other tests open; polls are left out while nothing is committed.
    EXPECT_TRUE(eventually([&] {
      set(50, 0);
      return state().contains("\"passed\":[");
    })) << "no poll was narrow";
    began_ = clock_.tick();
  }
  static Keys often(const Keys& more) {
    Keys keys = {{"interval", "100ms"}, {"fields", "id, v"}};
    for (const auto& [key, value] : more) keys[key] = value;
    return keys;
  }
  std::string state() const {
    return read_file(daemon_->state() / "state.db") + read_file(daemon_->state() / "state.db-wal");
  }
  // Not where the machine was so slow that a full sweep may have been due of itself.
  void expect_no_sweep(std::size_t records) {
    if (clock_.tick() - began_ < std::chrono::seconds(50)) {
      EXPECT_EQ(receiver_->counts().records, records);
    }
  }
  // `stamp`: SQL of the new time; empty: it stays as it is.
  void set(int id, int v, const std::string& stamp = "") {
    shop_->run("UPDATE things SET v = " + std::to_string(v) + (stamp.empty() ? "" : ", updated_at = " + stamp) +
               " WHERE id = " + std::to_string(id));
  }

  Tick began_;
};

TEST_P(NarrowTest, WhatIsStampedInTimeComesAtOnceTheRestWithASweep) {
  for (const auto* type : {"timestamptz", "timestamp"}) {
    SCOPED_TRACE(type);
    make_things(type);
    start_often();
    const auto before = receiver_->counts().records;
    set(2, 22, "'2001-01-01'");
    set(3, 33);
    set(4, 44, "NULL");
    set(5, 55, "now()");
    set(6, 66, "clock_timestamp() + interval '1 day'");
    set(7, 77, "clock_timestamp()");
    const auto stamped = R"({"id":5,"v":55} {"id":6,"v":66} {"id":7,"v":77})";
    EXPECT_EQ(records_text(static_cast<std::size_t>(before) + 3, static_cast<std::size_t>(before)), stamped);
    expect_no_sweep(before + 3);
    trigger();
    EXPECT_EQ(records_text(static_cast<std::size_t>(before) + 6, static_cast<std::size_t>(before) + 3),
              R"({"id":2,"v":22} {"id":3,"v":33} {"id":4,"v":44})");
    shop_->run("DROP TABLE things");
    daemon_.reset();
    open_receiver();
  }
}

// Application servers keep their sessions in a zone of their own, and a column without one holds its time.
TEST_P(NarrowTest, ATimeOfAnotherZoneIsTimeEnough) {
  const auto session = SqlSession::open(*shop_, GetParam());
  for (const auto* zone : {"America/Los_Angeles", "Asia/Tokyo"}) {
    SCOPED_TRACE(zone);
    session->run("SET TIME ZONE '" + std::string(zone) + "'");
    make_things("timestamp");
    session->run("UPDATE things SET updated_at = now()");
    start_often();
    for (int v = 1; v <= 3; ++v) {
      session->run("UPDATE things SET v = " + std::to_string(v) + ", updated_at = now() WHERE id = 1");
      EXPECT_EQ(records_text(static_cast<std::size_t>(v), static_cast<std::size_t>(v) - 1),
                R"({"id":1,"v":)" + std::to_string(v) + "}");
    }
    shop_->run("DROP TABLE things");
    daemon_.reset();
    open_receiver();
  }
}

TEST_P(NarrowTest, APartitionThatIsAttachedComesAtOnce) {
  shop_->run(
      "CREATE TABLE things (id int, v int, updated_at timestamptz DEFAULT now(), PRIMARY KEY (id, v)) "
      "PARTITION BY RANGE (v)");
  shop_->run("CREATE TABLE low PARTITION OF things FOR VALUES FROM (0) TO (100)");
  shop_->run("CREATE TABLE old (id int NOT NULL, v int NOT NULL, updated_at timestamptz)");
  shop_->run("INSERT INTO old VALUES (1, 101, '2001-01-01'), (2, 102, NULL)");
  fill();
  start_often();
  shop_->run("UPDATE things SET v = 1, updated_at = now() WHERE id = 1");
  EXPECT_EQ(records_text(1), R"({"id":1,"v":1})");
  shop_->run("ALTER TABLE things ATTACH PARTITION old FOR VALUES FROM (100) TO (200)");
  EXPECT_EQ(records_text(3, 1), R"({"id":1,"v":101} {"id":2,"v":102})");
}

// What a narrow poll passed over would be noted silently by the next epoch.
TEST_P(NarrowTest, AnEpochEndsWithASweep) {
  make_things();
  start_often();
  set(2, 22, "'2001-01-01'");
  set(3, 33, "now()");
  EXPECT_EQ(records_text(1), R"({"id":3,"v":33})");
  expect_no_sweep(1);
  daemon_->configure(yaml({often({{"fields", "id"}})}));
  EXPECT_EQ(daemon_->ask({"reload"}).code, 0);
  EXPECT_EQ(records_text(2, 1), R"({"id":2,"v":22})");
}

// Silence is no proof: polls go on until a sweep has found the rest, and only then are left out.
TEST_P(NarrowTest, PollsAreLeftOutAfterASweepOnly) {
  const auto count = [&](const std::string& words) {
    const auto log = daemon_->log();
    std::size_t found = 0;
    for (auto at = log.find(words); at != std::string::npos; at = log.find(words, at + 1)) ++found;
    return found;
  };
  make_things();
  start_often();
  set(2, 22, "'2001-01-01'");
  set(3, 33, "now()");
  EXPECT_EQ(records_text(1), R"({"id":3,"v":33})");
  const auto polls = count("polled webhook=w");
  const auto left_out = count("unchanged webhook=w");
  EXPECT_TRUE(eventually([&] { return count("polled webhook=w") >= polls + 10; })) << daemon_->log();
  expect_no_sweep(1);
  if (clock_.tick() - began_ < std::chrono::seconds(50)) {
    EXPECT_EQ(count("unchanged webhook=w"), left_out);
  }
  trigger();
  EXPECT_EQ(records_text(2, 1), R"({"id":2,"v":22})");
  EXPECT_TRUE(eventually([&] {
    if (count("unchanged webhook=w") > left_out) return true;
    trigger();  // others wrote meanwhile, to other databases of the server
    return false;
  })) << daemon_->log();
}

INSTANTIATE_TEST_SUITE_P(All, NarrowTest, ::testing::Values("postgres15", "postgres18"), name_of_database);

}  // namespace
}  // namespace vhookd::testing
