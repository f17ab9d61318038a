// One look a second serves all webhooks of a database.
#include "daemon/engine/probe_cache.h"

#include <gtest/gtest.h>

#include "connectors/mysql/dialect.h"
#include "connectors/sql/sql_source.h"

namespace vhookd::testing {
namespace {

struct HandClock final : Clock {
  Instant now() const override { return Instant{} + time; }
  Tick tick() const override { return Tick{} + time; }
  Micros time{0};
};

struct Counting final : SqlSession {
  Result<Table> describe(const TableName&) override { return Table{}; }
  Result<std::vector<TableName>> tables(const std::string&) override { return std::vector<TableName>(); }
  Result<void> begin() override { return {}; }
  void end() override {}
  std::string server() const override { return "none"; }
  Result<void> read(const Query&, const OnRow& on_row) override {
    ++asked;
    if (error) return std::unexpected(*error);
    const auto text = asked > old ? std::to_string(asked) : "";
    const std::vector<Value> row = {{.kind = Kind::integer, .null = asked <= old, .text = text}, {.null = true}};
    on_row(row);
    return {};
  }
  int asked = 0;
  int old = 0;  // answers at first that show nothing new
  std::optional<Error> error;
};

class ProbeCacheTest : public ::testing::Test {
 protected:
  // What it said; empty: an error.
  std::string look(const std::string& url = "mysql://reader:pw@shop/a",
                   const Question& question = OpenTransactionBound()) {
    std::string said;
    config::Database database;
    database.url = Secret(url);
    const auto done = cache_.look(database, source_, question, [&](Row row) {
      EXPECT_EQ(row.size(), 2U);
      EXPECT_TRUE(row[1].null);
      said = row[0].text;
      return true;
    });
    EXPECT_EQ(done.has_value(), !session_.error);
    return said;
  }

  HandClock clock_;
  SqlSource source_{mysql_dialect(), std::make_unique<Counting>()};
  Counting& session_ = static_cast<Counting&>(source_.session());
  Table table_;
  Selection all_{.table = &table_, .columns = {}, .key = {}, .stamp = {}, .gone_column = {}, .filters = {}};
  ProbeCache cache_{clock_};
};

TEST_F(ProbeCacheTest, OneAnswerServesASecond) {
  EXPECT_EQ(look(), "1");
  clock_.time += std::chrono::seconds(1);
  EXPECT_EQ(look(), "1");
  clock_.time += Micros(1);
  EXPECT_EQ(look(), "2");
}

TEST_F(ProbeCacheTest, OfOneServerByOneRoleToOneQuestion) {
  EXPECT_EQ(look(), "1");
  EXPECT_EQ(look("mysql://reader:pw@shop/b?tls=no"), "1");
  EXPECT_EQ(look("mysql://reader:pw@shop"), "1");
  EXPECT_EQ(look("mysql://reader:pw@shop:3307/a"), "2");
  EXPECT_EQ(look("mysql://other:pw@shop/a"), "3");
  EXPECT_EQ(look("mysql://reader:pw@shop/a", RowCount{.of = &all_}), "4");
}

TEST_F(ProbeCacheTest, WhatIsOldIsAskedForAgain) {
  session_.old = 2;
  EXPECT_EQ(look(), "3");
  session_.asked = 0;
  session_.old = 3;
  clock_.time += std::chrono::minutes(1);
  EXPECT_EQ(look(), "");
  EXPECT_EQ(session_.asked, 3) << "then it is said to be old";
}

TEST_F(ProbeCacheTest, ARefusalIsKeptAFailureIsNot) {
  session_.error = Error{.recourse = Recourse::retry, .message = "a fault"};
  EXPECT_EQ(look(), "");
  EXPECT_EQ(look(), "");
  EXPECT_EQ(session_.asked, 2);
  session_.error->recourse = Recourse::ask_operator;
  EXPECT_EQ(look(), "");
  EXPECT_EQ(look(), "");
  EXPECT_EQ(session_.asked, 3);
}

}  // namespace
}  // namespace vhookd::testing
