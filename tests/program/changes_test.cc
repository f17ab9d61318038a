// Which rows are sent: the three events, filters, and tables and keys of every kind.
#include "tests/program/fixture.h"

namespace vhookd::testing {
namespace {

class ChangesTest : public EveryDatabaseTest {
 protected:
  // ids 1 to 3 are there before the daemon starts.
  void make_things(const std::string& more_columns = "") {
    shop_->run("CREATE TABLE things (id int PRIMARY KEY, note varchar(40)" + more_columns + ")");
    shop_->run("INSERT INTO things (id, note) VALUES (1, 'one'), (2, 'two'), (3, 'three')");
  }
  void run(const std::vector<std::string>& statements) {
    for (const auto& sql : statements) shop_->run(sql);
  }
  // Two rows change, one is new, one goes.
  void change() {
    run({"UPDATE things SET note = note", "UPDATE things SET note = 'ONE' WHERE id = 1",
         "UPDATE things SET note = 'TWO' WHERE id = 2", "INSERT INTO things (id, note) VALUES (4, 'four')",
         "DELETE FROM things WHERE id = 3"});
  }
  std::string sorted_records(std::size_t least, const std::string& id = "w") {
    std::vector<std::string> all;
    for (const auto& record : records(least, id)) all.push_back(record.dump());
    std::ranges::sort(all);
    std::string text;
    for (const auto& one : all) text += (text.empty() ? "" : " ") + one;
    return text;
  }
  using Cases = std::vector<std::pair<std::string, std::string>>;  // filters, and the ids of the records that match

  void expect_matches(const Cases& cases) {
    std::vector<Keys> webhooks;
    for (std::size_t i = 0; i < cases.size(); ++i)
      webhooks.push_back({{"id", "f" + std::to_string(i)}, {"include_all", "true"}, {"filters", cases[i].first}});
    start(webhooks);
    for (std::size_t i = 0; i < cases.size(); ++i) {
      const auto& id = webhooks[i].at("id");
      expect_nothing_queued(id);
      std::string ids;
      for (const auto& record : records(0, id)) ids += (ids.empty() ? "" : " ") + record["id"].dump();
      EXPECT_EQ(ids, cases[i].second) << cases[i].first;
    }
  }
};

TEST_P(ChangesTest, EachEventSendsItsOwnRows) {
  make_things();
  start({{{"id", "created"}, {"event", "created"}},
         {{"id", "updated"}, {"event", "updated"}},
         {{"id", "changed"}, {"event", "updated"}, {"include_created", "false"}},
         {{"id", "deleted"}, {"event", "deleted"}}});
  change();
  for (const auto* id : {"created", "updated", "changed", "deleted"}) {
    trigger(id);
    expect_nothing_queued(id);
  }
  EXPECT_EQ(sorted_records(1, "created"), R"({"id":4,"note":"four"})");
  EXPECT_EQ(sorted_records(3, "updated"), R"({"id":1,"note":"ONE"} {"id":2,"note":"TWO"} {"id":4,"note":"four"})");
  EXPECT_EQ(sorted_records(2, "changed"), R"({"id":1,"note":"ONE"} {"id":2,"note":"TWO"})");
  const auto gone = records(1, "deleted");
  ASSERT_EQ(gone.size(), 1U);
  EXPECT_EQ(gone[0]["id"], 3);
  // Nothing comes twice.
  for (const auto* id : {"created", "updated", "changed", "deleted"}) {
    trigger(id);
    expect_nothing_queued(id);
  }
  EXPECT_EQ(receiver_->counts().records, 7);
}

TEST_P(ChangesTest, ATimeColumnFindsTheSame) {
  const std::string type = shop_->is_postgres() ? "timestamptz" : shop_->is_mysql() ? "datetime(6)" : "TEXT";
  const std::string now = shop_->is_sqlite() ? "strftime('%Y-%m-%d %H:%M:%f', 'now')" : "CURRENT_TIMESTAMP(6)";
  make_things(", created_at " + type + ", updated_at " + type);
  shop_->run("UPDATE things SET created_at = " + now + ", updated_at = " + now);
  shop_->run("CREATE INDEX things_updated ON things (updated_at)");
  const Keys by_time = {{"detect", "timestamp"}, {"fields", "id, note"}};
  Keys created = by_time, updated = by_time, changed = by_time;
  created.insert({{"id", "created"}, {"event", "created"}});
  updated.insert({{"id", "updated"}, {"event", "updated"}});
  changed.insert({{"id", "changed"}, {"event", "updated"}, {"include_created", "false"}});
  start({created, updated, changed});
  run({"UPDATE things SET note = 'ONE', updated_at = " + now + " WHERE id = 1",
       "INSERT INTO things VALUES (4, 'four', " + now + ", " + now + ")"});
  for (const auto* id : {"created", "updated", "changed"}) {
    for (int i = 0; i < 2; ++i) trigger(id);
    expect_nothing_queued(id);
  }
  EXPECT_EQ(sorted_records(1, "created"), R"({"id":4,"note":"four"})");
  EXPECT_EQ(sorted_records(2, "updated"), R"({"id":1,"note":"ONE"} {"id":4,"note":"four"})");
  EXPECT_EQ(sorted_records(1, "changed"), R"({"id":1,"note":"ONE"})");
}

TEST_P(ChangesTest, FiltersOfEveryOperator) {
  run({"CREATE TABLE things (id int PRIMARY KEY, status varchar(20), total int)",
       "INSERT INTO things VALUES (1, 'paid', 100), (2, 'open', 50), (3, NULL, 150), (4, 'it''s', 99)"});
  expect_matches({
      {"{status: paid}", "1"},
      {"{status: [paid, open]}", "1 2"},
      {"{status: null}", "3"},
      {"{status: \"it's\"}", "4"},
      {"{status: {eq: open}}", "2"},
      {"{status: {ne: open}}", "1 4"},
      {"{total: {gt: 99}}", "1 3"},
      {"{total: {gte: 99}}", "1 3 4"},
      {"{total: {lt: 99}}", "2"},
      {"{total: {lte: 99}}", "2 4"},
      {"{id: {in: [1, 4, 9]}}", "1 4"},
      {"{id: {not_in: [1, 4]}}", "2 3"},
      {"{status: {like: \"%p%\"}}", "1 2"},
      {"{status: {is_null: true}}", "3"},
      {"{status: {is_null: false}}", "1 2 4"},
      {"{total: {gte: 50, lt: 150}, status: [paid, open]}", "1 2"},
      {"{status: \"' OR 1=1 --\"}", ""},
  });
}

// As they stand in payloads, and as the database writes them.
TEST_P(ChangesTest, FiltersOnTimesTakeEverySpelling) {
  const std::string type = shop_->is_sqlite() ? "datetime" : shop_->is_mysql() ? "datetime(6)" : "timestamp";
  run({"CREATE TABLE things (id int PRIMARY KEY, at " + type + ")",
       "INSERT INTO things VALUES (1, '2026-11-01 00:00:00'), (2, '2026-11-01T12:00:00'), (4, NULL), "
       "(3, '2026-11-01 12:00:00.5')"});
  Cases cases = {
      {"{at: {gte: 2026-11-01T12:00:00Z}}", "2 3"}, {"{at: {gt: 2026-11-01T12:00:00}}", "3"},
      {"{at: {lt: 2026-11-01 12:00:00}}", "1"},     {"{at: {lte: 2026-11-01 12:00:00.000}}", "1 2"},
      {"{at: 2026-11-01 12:00:00}", "2"},           {"{at: {ne: 2026-11-01T12:00:00.500Z}}", "1 2"},
      {"{at: {gte: 2026-11-01}}", "1 2 3"},         {"{at: [2026-11-01T12:00:00, 2026-11-01]}", "1 2"},
  };
  if (shop_->is_sqlite()) cases.emplace_back(R"({at: {gte: "2027"}})", "");
  if (!shop_->is_postgres()) cases.emplace_back("{at: {gte: 2026-11-01T14:00:00+02:00}}", "2 3");
  expect_matches(cases);
}

TEST_P(ChangesTest, ARowThatStopsMatchingIsNoDeletion) {
  make_things();
  start({{{"event", "deleted"}, {"filters", "{note: {in: [one, two]}}"}}});
  run({"UPDATE things SET note = 'other' WHERE id = 1"});
  trigger();
  run({"DELETE FROM things WHERE id IN (2, 3)"});
  trigger();
  expect_nothing_queued();
  const auto gone = records(1);
  ASSERT_EQ(gone.size(), 1U);  // 3 never matched
  EXPECT_EQ(gone[0]["id"], 2);
}

TEST_P(ChangesTest, PrefixAndSchemaNameTheTable) {
  const auto schema = shop_->is_sqlite() ? std::string("main") : shop_->other_schema();
  run({"CREATE TABLE " + schema + ".app_things (id int PRIMARY KEY)",
       "INSERT INTO " + schema + ".app_things VALUES (7)"});
  if (shop_->is_postgres()) shop_->run("GRANT SELECT ON other.app_things TO PUBLIC");
  start({{{"include_all", "true"}, {"db_schema", schema}, {"db_name_prefix", "app_"}}});
  EXPECT_EQ(records_text(1), R"({"id":7})");
  const auto webhook = Json::parse(pages(1).at(0).body)["webhook"];
  EXPECT_EQ(webhook["db_schema"], schema);
  EXPECT_EQ(webhook["db_name_prefix"], "app_");
  EXPECT_EQ(webhook["object_type"], "things");
}

TEST_P(ChangesTest, AViewIsPolledUnderItsKey) {
  make_things();
  shop_->run("CREATE VIEW shown AS SELECT id, note FROM things WHERE id > 1");
  if (shop_->is_postgres()) shop_->run("GRANT SELECT ON shown TO PUBLIC");
  const Keys view = {{"object_type", "shown"}, {"key", "id"}};
  Keys updated = view, deleted = view;
  updated["id"] = "updated";
  deleted.insert({{"id", "deleted"}, {"event", "deleted"}});
  start({updated, deleted});
  change();
  for (const auto* id : {"updated", "deleted"}) trigger(id);
  EXPECT_EQ(sorted_records(2, "updated"), R"({"id":2,"note":"TWO"} {"id":4,"note":"four"})");
  EXPECT_EQ(records(1, "deleted").at(0)["id"], 3);
}

TEST_P(ChangesTest, ACompositeKeyTellsRowsApart) {
  run({"CREATE TABLE things (a int, b varchar(10), v int, PRIMARY KEY (a, b))",
       "INSERT INTO things VALUES (1, 'x', 1), (1, 'y', 1), (2, 'x', 1), (10, 'x', 1)"});
  start({{{"id", "updated"}},
         {{"id", "changed"}, {"include_created", "false"}},
         {{"id", "deleted"}, {"event", "deleted"}}});
  run({"UPDATE things SET v = 2 WHERE a = 1 AND b = 'y'", "DELETE FROM things WHERE a = 2",
       "INSERT INTO things VALUES (3, 'z', 1)"});
  for (const auto* id : {"updated", "changed", "deleted"}) trigger(id);
  EXPECT_EQ(sorted_records(2, "updated"), R"({"a":1,"b":"y","v":2} {"a":3,"b":"z","v":1})");
  EXPECT_EQ(sorted_records(1, "changed"), R"({"a":1,"b":"y","v":2})");
  const auto gone = records(1, "deleted").at(0);
  EXPECT_EQ(gone["a"], 2);
  EXPECT_EQ(gone["b"], "x");
}

TEST_P(ChangesTest, TextAndUuidKeys) {
  const bool postgres = shop_->is_postgres();
  run({"CREATE TABLE things (id varchar(40) PRIMARY KEY, v int)",
       "INSERT INTO things VALUES ('b', 1), ('A', 1), ('é', 1), ('a b', 1)",
       std::string("CREATE TABLE tokens (id ") + (postgres ? "uuid" : "char(36)") + " PRIMARY KEY, v int)",
       "INSERT INTO tokens VALUES ('0191b5c4-7a3e-7000-8000-00000000000a', 1), "
       "('f0000000-0000-4000-8000-000000000001', 1)"});
  start({{{"id", "text"}, {"event", "deleted"}},
         {{"id", "text-updated"}},
         {{"id", "uuid"}, {"event", "deleted"}, {"object_type", "tokens"}},
         {{"id", "uuid-updated"}, {"object_type", "tokens"}}});
  run({"DELETE FROM things WHERE id = 'A'", "UPDATE things SET v = 2 WHERE id = 'é'",
       "DELETE FROM tokens WHERE id = 'f0000000-0000-4000-8000-000000000001'", "UPDATE tokens SET v = 2"});
  for (const auto* id : {"text", "text-updated", "uuid", "uuid-updated"}) trigger(id);
  EXPECT_EQ(records(1, "text").at(0)["id"], "A");
  EXPECT_EQ(records_text(1, 0, "text-updated"), R"({"id":"é","v":2})");
  EXPECT_EQ(records(1, "uuid").at(0)["id"], "f0000000-0000-4000-8000-000000000001");
  EXPECT_EQ(records_text(1, 0, "uuid-updated"), R"({"id":"0191b5c4-7a3e-7000-8000-00000000000a","v":2})");
}

TEST_P(ChangesTest, WithoutAPrimaryKeyItWorksOrSaysWhatIsMissing) {
  run({"CREATE TABLE things (name varchar(20), v int)", "INSERT INTO things VALUES ('x', 1), ('y', 1)"});
  if (shop_->is_mysql()) {
    daemon_ = std::make_unique<Daemon>(yaml({{{"id", "w"}}}));
    daemon_->start();
    EXPECT_TRUE(daemon_->reaches("w", [](const Json& status) { return status["is_healthy"] == false; }));
    EXPECT_TRUE(daemon_->status("w")["last_error"].get<std::string>().contains("key"));
    daemon_->configure(yaml({{{"id", "w"}, {"key", "name"}}}));
    EXPECT_EQ(daemon_->ask({"reload"}).code, 0);
    polled("w");
    EXPECT_TRUE(daemon_->reaches("w", [](const Json& status) { return status["is_healthy"] == true; }));
  } else {
    start({{{"id", "w"}}});
  }
  run({"UPDATE things SET v = 2 WHERE name = 'y'", "INSERT INTO things VALUES ('z', 1)"});
  trigger();
  EXPECT_EQ(sorted_records(2), R"({"name":"y","v":2} {"name":"z","v":1})");
}

INSTANTIATE_TEST_SUITE_P(, ChangesTest, every_database, name_of_database);

}  // namespace
}  // namespace vhookd::testing
