// What the PostgreSQL tests share: a server, a session of the reader, and a schema `room` of each test's own.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "connectors/postgres/postgres.h"
#include "connectors/sql/session.h"
#include "tests/connectors/postgres_backend.h"
#include "tests/support/servers.h"

namespace vhookd::testing {

using Texts = std::vector<std::string>;

class Postgres : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    server_ = PostgresServer::named(GetParam());
    if (server_ == nullptr) GTEST_SKIP() << "NOT TESTED: " << why_unavailable(GetParam());
    session_ = open(server_->as(server_->reader()));
  }
  void TearDown() override {
    session_.reset();
    if (server_ != nullptr) server_->execute("DROP SCHEMA IF EXISTS room CASCADE; CREATE SCHEMA room");
  }

  std::unique_ptr<SqlSession> open(const config::Database& database, const ConnectOptions& options = {}) {
    auto session = connect_postgres(database, options);
    if (session) return std::move(*session);
    ADD_FAILURE() << session.error().message;
    return nullptr;
  }
  // As a role made for one test, which may look into the schema `room`.
  std::string make_role(const std::string& name) {
    room();
    const auto role = server_->make_role(name);
    server_->execute("GRANT USAGE ON SCHEMA room TO " + role);
    return role;
  }
  void room() {
    server_->execute("CREATE SCHEMA IF NOT EXISTS room; GRANT USAGE ON SCHEMA room TO " + server_->reader());
  }
  // In the schema `room`, readable by the reader.
  void make(const std::string& sql) {
    room();
    server_->execute("SET search_path = room, public; " + sql +
                     "; RESET search_path; GRANT SELECT ON ALL TABLES IN SCHEMA room TO " + server_->reader());
  }
  Table described(const std::string& name) {
    auto table = session_->describe({.schema = "room", .name = name});
    if (table) return std::move(*table);
    ADD_FAILURE() << table.error().message;
    return {};
  }
  Texts first(SqlSession& session, const std::string& sql, std::vector<Param> params = {}) {
    Texts texts;
    const auto done = session.read({.sql = sql, .params = std::move(params)}, [&](Row row) {
      texts.emplace_back(row[0].null ? "NULL" : row[0].text);
      return true;
    });
    EXPECT_TRUE(done) << sql << ": " << done.error().message;
    return texts;
  }
  Error error(const std::string& sql, std::vector<Param> params = {}) {
    const auto done = session_->read({.sql = sql, .params = std::move(params)}, [](Row) { return true; });
    EXPECT_FALSE(done) << sql;
    return done ? Error{} : done.error();
  }
  Error refused(const config::Database& database) {
    const auto session = connect_postgres(database, {.connect_timeout = std::chrono::seconds(3)});
    EXPECT_FALSE(session);
    return session ? Error{} : session.error();
  }

  static Param text(std::string value) { return {.kind = Kind::text, .text = std::move(value)}; }

  PostgresServer* server_ = nullptr;
  std::unique_ptr<SqlSession> session_;
};

inline bool says(const Error& error, const std::string& words) {
  return error.message.find(words) != std::string::npos;
}

}  // namespace vhookd::testing
