// Consistent views, sessions that may not write, and sessions that end.
#include "connectors/postgres/dialect.h"
#include "core/clock.h"
#include "tests/connectors/conformance.h"

namespace vhookd::conformance {

namespace {

const std::string insert_one = " VALUES (1000000, 'late')";

}  // namespace

TEST_P(Conformance, OneViewBetweenBeginAndEnd) {
  const auto quoted = make_rows("conf_rows", 10);
  const auto begun = session_->begin();
  ASSERT_TRUE(begun) << begun.error().message;
  EXPECT_EQ(count(quoted), "10");
  execute("INSERT INTO " + quoted + insert_one);
  execute("DELETE FROM " + quoted + " WHERE id = 3");
  execute("UPDATE " + quoted + " SET name = 'changed' WHERE id = 4");
  EXPECT_EQ(count(quoted), "10") << "still the old view";
  EXPECT_EQ(first({.sql = "SELECT id FROM " + quoted + " WHERE id = 3 OR name = 'changed'", .params = {}}),
            std::vector<std::string>{"3"});
  session_->end();
  EXPECT_EQ(count(quoted), "10") << "one in, one out";
  EXPECT_EQ(first({.sql = "SELECT id FROM " + quoted + " WHERE id = 3 OR name = 'changed'", .params = {}}),
            std::vector<std::string>{"4"});
  ASSERT_TRUE(session_->begin()) << "and once more";
  EXPECT_EQ(count(quoted), "10");
  session_->end();
}

// As PostgreSQL's dialect has them; others ignore them.
constexpr std::uint8_t postgres_hints = postgres::few | postgres::often;

TEST_P(Conformance, AViewCanBeginWithItsFirstRead) {
  const auto quoted = make_rows("conf_rows", 10);
  const Query look{.sql = "SELECT 1", .params = {}, .hints = postgres_hints};
  const auto table = described("conf_rows");
  const Query bound = select(table, "WHERE id = ?", {{.kind = Kind::integer, .text = "1"}});
  for (int round = 0; round < 6; ++round) {  // what is asked often is planned once
    std::string answer;
    const auto begun = session_->begin_with(round % 2 == 0 ? look : bound, [&](Row row) {
      answer = row[0].text;
      return true;
    });
    ASSERT_TRUE(begun) << begun.error().message;
    EXPECT_EQ(answer, "1");
    execute("INSERT INTO " + quoted + " VALUES (" + std::to_string(1000 + round) + ", 'late')");
    EXPECT_EQ(count(quoted), std::to_string(10 + round)) << "still the old view";
    session_->end();
  }
  EXPECT_FALSE(session_->begin_with({.sql = "SELECT no_such_column", .params = {}, .hints = postgres_hints},
                                    [](Row) { return true; }));
  session_->end();
  EXPECT_EQ(count(quoted), "16");
}

TEST_P(Conformance, WithoutBeginEachReadSeesTheLatest) {
  const auto quoted = make_rows("conf_rows", 10);
  EXPECT_EQ(count(quoted), "10");
  execute("INSERT INTO " + quoted + insert_one);
  EXPECT_EQ(count(quoted), "11");
}

TEST_P(Conformance, EndWithoutBeginIsHarmless) {
  const auto quoted = make_rows("conf_rows", 10);
  session_->end();
  session_->end();
  EXPECT_EQ(count(quoted), "10");
}

TEST_P(Conformance, WritingIsRefused) {
  const auto quoted = make_rows("conf_rows", 10);
  for (const std::string& sql :
       {"INSERT INTO " + quoted + insert_one, "UPDATE " + quoted + " SET name = 'changed'", "DELETE FROM " + quoted,
        "DROP TABLE " + quoted, std::string("CREATE TABLE conf_made (id integer)")}) {
    SCOPED_TRACE(sql);
    EXPECT_NE(error_of(*session_, {.sql = sql, .params = {}}).recourse, Recourse::reconnect);
    if (session_->begin()) {
      error_of(*session_, {.sql = sql, .params = {}});
      session_->end();
    }
  }
  EXPECT_EQ(count(quoted), "10");
  EXPECT_EQ(first({.sql = "SELECT count(*) FROM " + quoted + " WHERE name = 'changed'", .params = {}}),
            std::vector<std::string>{"0"});
  EXPECT_FALSE(session_->describe({.schema = {}, .name = "conf_made"}));
}

TEST_P(Conformance, AFailedReadLeavesTheSessionUsable) {
  const auto quoted = make_rows("conf_rows", 10);
  const Query wrong{.sql = "SELECT no_such_column FROM " + quoted, .params = {}};
  EXPECT_NE(error_of(*session_, wrong).recourse, Recourse::reconnect);
  EXPECT_EQ(count(quoted), "10");
  ASSERT_TRUE(session_->begin());
  error_of(*session_, wrong);
  session_->end();
  EXPECT_EQ(count(quoted), "10");
}

TEST_P(Conformance, AMissingTableIsForTheOperator) {
  const Query gone{.sql = "SELECT * FROM conf_no_such_table", .params = {}};
  EXPECT_EQ(error_of(*session_, gone).recourse, Recourse::ask_operator);
}

// The same statement text, before and after: a cached plan must not answer for the old shape.
TEST_P(Conformance, AChangedTableIsSeen) {
  const auto quoted = make_rows("conf_rows", 3);
  const Query all{.sql = "SELECT * FROM " + quoted + " ORDER BY id", .params = {}};
  EXPECT_EQ(rows(all).at(0).size(), 2u);
  execute("ALTER TABLE " + quoted + " ADD COLUMN extra integer");
  EXPECT_EQ(rows(all).at(0).size(), 3u);
  EXPECT_EQ(described("conf_rows").columns.size(), 3u);
}

TEST_P(Conformance, AnOverlongStatementIsTriedAgain) {
  if (GetParam().slow_sql.empty()) GTEST_SKIP() << "no slow statement given";
  const auto quoted = make_rows("conf_rows", 10);
  session_ = open({.statement_timeout = std::chrono::milliseconds(1000)});
  ASSERT_TRUE(session_);
  const auto started = SystemClock().tick();
  EXPECT_EQ(error_of(*session_, {.sql = GetParam().slow_sql, .params = {}}).recourse, Recourse::retry);
  EXPECT_LT(SystemClock().tick() - started, std::chrono::seconds(20));
  EXPECT_EQ(count(quoted), "10") << "the session stays usable";
}

TEST_P(Conformance, AKilledSessionIsReconnected) {
  if (!GetParam().kill_sessions) GTEST_SKIP() << "no sessions to kill";
  const auto quoted = make_rows("conf_rows", 10);
  EXPECT_EQ(count(quoted), "10");
  for (const bool within : {false, true}) {
    SCOPED_TRACE(within ? "between begin and end" : "alone");
    ASSERT_TRUE(!within || session_->begin());
    GetParam().kill_sessions();
    // The server may take a moment over it; until then every answer is whole.
    const auto deadline = SystemClock().tick() + std::chrono::seconds(30);
    for (bool alive = true; alive;) {
      int rows_seen = 0;
      const auto done = session_->read({.sql = "SELECT id FROM " + quoted, .params = {}}, [&](Row) {
        ++rows_seen;
        return true;
      });
      alive = done.has_value();
      if (alive) {
        ASSERT_EQ(rows_seen, 10);
        ASSERT_LT(SystemClock().tick(), deadline) << "it was never killed";
      } else {
        EXPECT_EQ(done.error().recourse, Recourse::reconnect) << done.error().message;
        expect_clean(done.error());
      }
    }
    session_->end();
    EXPECT_EQ(error_of(*session_, {.sql = "SELECT 1", .params = {}}).recourse, Recourse::reconnect) << "dead for good";
    session_ = open();
    ASSERT_TRUE(session_);
    EXPECT_EQ(count(quoted), "10");
  }
}

TEST_P(Conformance, AnAnswerCutShortIsAnError) {
  if (!GetParam().kill_sessions) GTEST_SKIP() << "no sessions to kill";
  constexpr int many = 200'000;
  const auto quoted = make_rows("conf_rows", many);
  std::string wide = "SELECT id";
  for (int i = 0; i < 30; ++i) wide += ", name";
  int rows_seen = 0;
  const auto done = session_->read({.sql = wide + " FROM " + quoted, .params = {}}, [&](Row) {
    if (++rows_seen == 10) GetParam().kill_sessions();
    return true;
  });
  if (done) {
    EXPECT_EQ(rows_seen, many) << "a short answer passed as whole";
  } else {
    EXPECT_EQ(done.error().recourse, Recourse::reconnect) << done.error().message;
    expect_clean(done.error());
  }
  session_ = open();
  ASSERT_TRUE(session_);
  EXPECT_EQ(count(quoted), std::to_string(many));
}

}  // namespace vhookd::conformance
