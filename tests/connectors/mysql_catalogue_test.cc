// What describe() and tables() say of what only MySQL and MariaDB have, and of a role's rights there.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/connectors/mysql_fixture.h"

namespace vhookd::testing {

TEST_P(MysqlServer, DescribesWhatOnlyItHas) {
  make("everything",
       "(id int not null auto_increment, code varchar(100) not null, body text, hidden int,"
       " made timestamp(6) not null default current_timestamp(6),"
       " changed timestamp(6) not null default current_timestamp(6) on update current_timestamp(6),"
       " primary key (id), unique key by_code (code), key by_prefix (hidden, body(10)), fulltext key by_words (body))");
  if (sandbox_->is_mariadb()) {
    sandbox_->owner().execute("ALTER TABLE everything ADD KEY unseen (hidden) IGNORED");
  } else {
    sandbox_->owner().execute(
        "ALTER TABLE everything ADD KEY unseen (hidden) INVISIBLE, ADD KEY computed ((hidden + 1))");
  }
  sandbox_->owner().execute("INSERT INTO everything (code) VALUES ('a'), ('b')");
  sandbox_->owner().execute("ANALYZE TABLE everything");
  const Table table = described("everything");
  ASSERT_EQ(table.columns.size(), 6u);
  EXPECT_FALSE(table.find("made")->touched_on_update);
  EXPECT_TRUE(table.find("changed")->touched_on_update);
  EXPECT_EQ(table.find("made")->declared, "timestamp(6)");
  EXPECT_EQ(table.primary_key, Texts{"id"});
  EXPECT_EQ(table.estimated_rows, 2);
  EXPECT_FALSE(table.may_write);
  std::vector<std::pair<std::string, Texts>> indexes;
  for (const Index& index : table.indexes) indexes.emplace_back(index.name, index.columns);
  std::vector<std::pair<std::string, Texts>> wanted = {
      {"by_code", {"code"}}, {"by_prefix", {"hidden", ""}}, {"PRIMARY", {"id"}}};
  if (!sandbox_->is_mariadb()) wanted.insert(wanted.begin() + 2, {"computed", {""}});
  std::ranges::sort(indexes);
  std::ranges::sort(wanted);
  EXPECT_EQ(indexes, wanted);
}

TEST_P(MysqlServer, AMissingTableNamesItsOtherDatabaseAndTheGrant) {
  Owner& owner = sandbox_->owner();
  const std::string other = sandbox_->database() + "_other";
  owner.execute("CREATE DATABASE IF NOT EXISTS " + other);
  owner.execute("CREATE TABLE IF NOT EXISTS " + other + ".elsewhere (id int)");
  owner.execute("GRANT SELECT ON " + other + ".* TO " + sandbox_->user() + "@'%'");
  session_ = open();
  ASSERT_TRUE(session_);
  const auto table = session_->describe({.schema = {}, .name = "elsewhere"});
  owner.execute("DROP DATABASE " + other);
  ASSERT_FALSE(table);
  EXPECT_NE(table.error().message.find(other), std::string::npos) << table.error().message;
  const std::string grant =
      "GRANT SELECT ON `" + sandbox_->database() + "`.`elsewhere` TO '" + sandbox_->user() + "'@'%'";
  EXPECT_NE(table.error().message.find(grant), std::string::npos) << table.error().message;
}

TEST_P(MysqlServer, RightsAreReadOffTheGrants) {
  Owner& owner = sandbox_->owner();
  make("rights", "(id int primary key, open int, secret int)");
  const std::string user = sandbox_->user() + "_w";
  const std::string account = user + "@'%'";
  owner.execute("DROP USER IF EXISTS " + account);
  owner.execute("CREATE USER " + account + " IDENTIFIED BY 'pw'");
  const auto as_user = [&] {
    session_ = open(sandbox_->as(user, "pw"));
    return session_ != nullptr;
  };
  const auto described_now = [&] { return session_->describe({.schema = {}, .name = "rights"}); };

  owner.execute("GRANT SELECT (id, open) ON rights TO " + account);
  ASSERT_TRUE(as_user());
  auto table = described_now();
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->columns.size(), 2u) << "what may not be read is left out";
  EXPECT_FALSE(table->may_write);

  owner.execute("GRANT UPDATE (open) ON rights TO " + account);
  ASSERT_TRUE(as_user());
  EXPECT_TRUE(described_now().value().may_write);

  owner.execute("REVOKE ALL PRIVILEGES, GRANT OPTION FROM " + account);
  owner.execute("GRANT INSERT ON rights TO " + account);
  ASSERT_TRUE(as_user());
  table = described_now();
  ASSERT_FALSE(table) << "INSERT alone reads nothing";
  EXPECT_EQ(table.error().recourse, Recourse::ask_operator);
  EXPECT_NE(table.error().message.find("GRANT SELECT"), std::string::npos) << table.error().message;
  EXPECT_TRUE(session_->tables("").value().empty());
  owner.execute("DROP USER " + account);

  session_ = open(sandbox_->as(sandbox_->address().user, sandbox_->address().password.reveal()));
  ASSERT_TRUE(session_);
  EXPECT_TRUE(described_now().value().may_write) << "a superuser";
}

TEST_P(MysqlServer, RightsComeThroughRolesToo) {
  Owner& owner = sandbox_->owner();
  make("rights", "(id int primary key)");
  const std::string user = sandbox_->user() + "_r";
  const std::string role = user + "ole";
  owner.execute("CREATE ROLE " + role);
  owner.execute("GRANT SELECT, DELETE ON rights TO " + role);
  owner.execute("CREATE USER " + user + "@'%' IDENTIFIED BY 'pw'");
  owner.execute("GRANT " + role + " TO " + user + "@'%'");
  owner.execute("SET DEFAULT ROLE " + role + (sandbox_->is_mariadb() ? " FOR " : " TO ") + user + "@'%'");
  session_ = open(sandbox_->as(user, "pw"));
  ASSERT_TRUE(session_);
  const auto table = session_->describe({.schema = {}, .name = "rights"});
  session_.reset();
  owner.execute("DROP USER " + user + "@'%'");
  owner.execute("DROP ROLE " + role);
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_TRUE(table->may_write);
}

TEST_P(MysqlServer, WithoutADatabaseItAsksForOne) {
  session_ = open(sandbox_->reader("/"));
  ASSERT_TRUE(session_);
  const auto table = session_->describe({.schema = {}, .name = "orders"});
  ASSERT_FALSE(table);
  EXPECT_NE(table.error().message.find("db_schema"), std::string::npos) << table.error().message;
  config::Database by_schema = sandbox_->reader("/");
  by_schema.schema = sandbox_->database();
  session_ = open(by_schema);
  ASSERT_TRUE(session_);
  EXPECT_TRUE(session_->tables(""));
}

}  // namespace vhookd::testing
