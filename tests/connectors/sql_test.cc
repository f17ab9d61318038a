#include "connectors/sql/statement.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <random>

#include "connectors/mysql/dialect.h"
#include "connectors/postgres/dialect.h"
#include "connectors/sqlite/dialect.h"

namespace vhookd {
namespace {

Param number(int value) {
  return {.kind = Kind::integer, .null = false, .text = std::to_string(value)};
}

TEST(Sql, HostileNamesStayNames) {
  EXPECT_EQ(quote_name(postgres_dialect(), R"(a"; DROP TABLE x; --)"), R"("a""; DROP TABLE x; --")");
  EXPECT_EQ(quote_name(sqlite_dialect(), R"(a"b`c'd)"), R"("a""b`c'd")");
  EXPECT_EQ(quote_name(mysql_dialect(), R"(a"b`c'd\)"), R"(`a"b``c'd\`)");
  EXPECT_EQ(quote_name(postgres_dialect(), ""), R"("")");
}

TEST(Sql, PlaceholdersAreTheDialects) {
  const std::vector<Param> values = {number(1), number(2)};
  Sql postgres(postgres_dialect(), nullptr);
  postgres.bound("a = ? AND b = ?", values);
  postgres.bound(" AND c = ?", values);
  const auto query = postgres.take();
  EXPECT_EQ(query.sql, "a = $1 AND b = $2 AND c = $3");
  EXPECT_EQ(query.params, (std::vector<Param>{number(1), number(2), number(1)}));
  Sql mysql(mysql_dialect(), nullptr);
  EXPECT_EQ(mysql.bound("a = ? AND b = ?", values), 2U);
  EXPECT_EQ(mysql.take().sql, "a = ? AND b = ?");
}

TEST(Sql, AQuestionMarkInANameIsNoPlaceholder) {
  const std::vector<Param> values = {number(1)};
  for (const auto* name : {"what?", "\"?", "`?", "\"`?\"`", "?\"\"?"}) {
    for (const auto* dialect : {&postgres_dialect(), &mysql_dialect(), &sqlite_dialect()}) {
      Sql sql(*dialect, nullptr);
      const auto quoted = quote_name(*dialect, name);
      EXPECT_EQ(sql.bound(quoted + " = ?", values), 1U) << quoted;
      EXPECT_EQ(sql.take().sql, quoted + (dialect == &postgres_dialect() ? " = $1" : " = ?"));
    }
  }
}

// The rows of t after (a, b, c), asked of SQLite.
std::vector<int> rows_after(sqlite3* db, int columns, const std::vector<Param>& last) {
  const std::vector<std::string> names = {"\"a\"", "\"b\"", "\"c\""};
  Sql sql(sqlite_dialect(), nullptr);
  sql.text("SELECT a * 100 + b * 10 + c FROM t WHERE 1 = 1 AND ")
      .after(std::span(names).first(static_cast<std::size_t>(columns)), last);
  const auto query = sql.text(" ORDER BY 1").take();
  sqlite3_stmt* statement = nullptr;
  EXPECT_EQ(sqlite3_prepare_v2(db, query.sql.c_str(), -1, &statement, nullptr), SQLITE_OK) << query.sql;
  EXPECT_EQ(sqlite3_bind_parameter_count(statement), static_cast<int>(query.params.size()));
  EXPECT_EQ(query.params.size(), static_cast<std::size_t>(2 * columns - 1));
  for (std::size_t i = 0; i < query.params.size(); ++i)
    sqlite3_bind_int(statement, static_cast<int>(i) + 1, std::stoi(query.params[i].text));
  std::vector<int> rows;
  while (sqlite3_step(statement) == SQLITE_ROW) rows.push_back(sqlite3_column_int(statement, 0));
  sqlite3_finalize(statement);
  return rows;
}

TEST(Sql, AfterIsTheOrderOfTuples) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(":memory:", &db), SQLITE_OK);
  ASSERT_EQ(
      sqlite3_exec(db,
                   "CREATE TABLE t AS WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 4) "
                   "SELECT x.i AS a, y.i AS b, z.i AS c FROM n x, n y, n z",
                   nullptr, nullptr, nullptr),
      SQLITE_OK);
  for (int columns = 1; columns <= 3; ++columns) {
    for (int last = 0; last < 216; ++last) {
      const std::array digits = {last / 36, last / 6 % 6, last % 6};
      std::vector<Param> params;
      for (int i = 0; i < columns; ++i) params.push_back(number(digits[static_cast<std::size_t>(i)]));
      std::vector<int> expected;
      for (int row = 0; row < 125; ++row) {
        const std::array its = {row / 25, row / 5 % 5, row % 5};
        if (std::lexicographical_compare(digits.begin(), digits.begin() + columns, its.begin(), its.begin() + columns))
          expected.push_back(its[0] * 100 + its[1] * 10 + its[2]);
      }
      ASSERT_EQ(rows_after(db, columns, params), expected) << columns << " columns after " << last;
    }
  }
  sqlite3_close(db);
}

}  // namespace
}  // namespace vhookd
