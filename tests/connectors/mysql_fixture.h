// What the tests of MySQL and MariaDB share: a server, and a session of the reader.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "connectors/mysql/mysql.h"
#include "connectors/sql/session.h"
#include "tests/connectors/mysql_backend.h"

namespace vhookd::testing {

using Texts = std::vector<std::string>;

class MysqlServer : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    sandbox_ = Sandbox::of(GetParam());
    if (!sandbox_) GTEST_SKIP() << "NOT TESTED: no " << GetParam() << " in this test run";
    session_ = open();
    ASSERT_TRUE(session_);
  }

  std::unique_ptr<SqlSession> open(const ConnectOptions& options = {}) { return open(sandbox_->reader(), options); }
  std::unique_ptr<SqlSession> open(const config::Database& database, const ConnectOptions& options = {}) {
    auto session = connect_mysql(database, options);
    if (session) return *std::move(session);
    ADD_FAILURE() << session.error().message;
    return nullptr;
  }

  Error refused(const config::Database& database, const ConnectOptions& options = {}) {
    const auto session = connect_mysql(database, options);
    if (session) {
      ADD_FAILURE() << "connected, where it must not";
      return {};
    }
    EXPECT_EQ(session.error().message.find(sandbox_->password()), std::string::npos) << session.error().message;
    return session.error();
  }

  // The values of the first column.
  Texts first(SqlSession& session, const std::string& sql, std::vector<Param> params = {}) {
    Texts texts;
    const auto done = session.read({.sql = sql, .params = std::move(params)}, [&](Row row) {
      texts.emplace_back(row[0].text);
      return true;
    });
    EXPECT_TRUE(done) << sql << ": " << (done ? "" : done.error().message);
    return texts;
  }
  Texts first(const std::string& sql, std::vector<Param> params = {}) { return first(*session_, sql, params); }

  Table described(const std::string& name) {
    auto table = session_->describe({.schema = {}, .name = name});
    EXPECT_TRUE(table) << (table ? "" : table.error().message);
    return table ? *table : Table{};
  }

  void make(const std::string& name, const std::string& columns) {
    sandbox_->owner().execute("DROP TABLE IF EXISTS " + name);
    sandbox_->owner().execute("CREATE TABLE " + name + " " + columns);
  }

  std::shared_ptr<Sandbox> sandbox_;
  std::unique_ptr<SqlSession> session_;
};

}  // namespace vhookd::testing
