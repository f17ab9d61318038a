// One look a second serves all webhooks of a database.
#include "daemon/shared_looks.h"

#include <gtest/gtest.h>

namespace vhookd::testing {
namespace {

struct HandClock final : Clock {
  Instant now() const override { return Instant{} + time; }
  Tick tick() const override { return Tick{} + time; }
  Micros time{0};
};

struct Counting final : Connector {
  Result<Table> describe(const TableName&) override { return Table{}; }
  Result<std::vector<TableName>> tables(const std::string&) override { return std::vector<TableName>(); }
  Result<void> begin() override { return {}; }
  void end() override {}
  std::string server() const override { return "none"; }
  Result<void> read(const Query&, const OnRow& on_row) override {
    ++asked;
    if (error) return std::unexpected(*error);
    const auto text = std::to_string(asked);
    const std::vector<Value> row = {{.kind = Kind::integer, .text = text}, {.null = true}};
    on_row(row);
    return {};
  }
  int asked = 0;
  std::optional<Error> error;
};

class SharedLooksTest : public ::testing::Test {
 protected:
  // What it said; empty: an error.
  std::string look(const std::string& url = "postgresql://shop", const std::string& sql = "SELECT 1") {
    std::string said;
    config::Database database;
    database.url = Secret(url);
    const auto done = looks_.look(database, session_, {.sql = sql, .params = {}}, [&](Row row) {
      EXPECT_EQ(row.size(), 2U);
      EXPECT_TRUE(row[1].null);
      said = row[0].text;
      return true;
    });
    EXPECT_EQ(done.has_value(), !said.empty());
    return said;
  }

  HandClock clock_;
  Counting session_;
  SharedLooks looks_{clock_};
};

TEST_F(SharedLooksTest, OneAnswerServesASecond) {
  EXPECT_EQ(look(), "1");
  clock_.time += std::chrono::seconds(1);
  EXPECT_EQ(look(), "1");
  clock_.time += Micros(1);
  EXPECT_EQ(look(), "2");
}

TEST_F(SharedLooksTest, NotAnotherDatabaseNorAnotherQuestion) {
  EXPECT_EQ(look(), "1");
  EXPECT_EQ(look("postgresql://other"), "2");
  EXPECT_EQ(look("postgresql://shop", "SELECT 2"), "3");
}

TEST_F(SharedLooksTest, ARefusalIsKeptAFailureIsNot) {
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
