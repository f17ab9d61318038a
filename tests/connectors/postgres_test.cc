// The suite on each server, and what only PostgreSQL's sessions do.
#include <gtest/gtest.h>

#include <fstream>

#include "connectors/postgres/dialect.h"
#include "tests/connectors/conformance.h"
#include "tests/connectors/postgres_fixture.h"
#include "tests/connectors/sql_detection.h"

namespace vhookd::conformance {
INSTANTIATE_TEST_SUITE_P(Postgres15, Conformance, ::testing::Values(vhookd::testing::postgres_backend("postgres15")));
INSTANTIATE_TEST_SUITE_P(Postgres18, Conformance, ::testing::Values(vhookd::testing::postgres_backend("postgres18")));
INSTANTIATE_TEST_SUITE_P(Postgres15, Detection,
                         ::testing::ValuesIn(detection_cases(vhookd::testing::postgres_backend("postgres15"))),
                         DetectionNames());
INSTANTIATE_TEST_SUITE_P(Postgres18, Detection,
                         ::testing::ValuesIn(detection_cases(vhookd::testing::postgres_backend("postgres18"))),
                         DetectionNames());
}  // namespace vhookd::conformance

namespace vhookd::testing {

INSTANTIATE_TEST_SUITE_P(Servers, Postgres, ::testing::Values("postgres15", "postgres18"),
                         [](const auto& at) { return at.param; });

// Whatever an operator set for a role, text arrives in the one form; and nothing is left behind.
TEST_P(Postgres, TheRolesOwnSettingsDoNotShow) {
  const auto role = make_role("bavarian");
  for (const std::string setting :
       {"DateStyle = 'German'", "TimeZone = 'Asia/Tokyo'", "bytea_output = 'escape'", "IntervalStyle = 'iso_8601'",
        "extra_float_digits = -5", "client_encoding = 'LATIN1'", "standard_conforming_strings = off",
        "default_transaction_isolation = 'serializable'", "idle_in_transaction_session_timeout = 1"})
    server_->execute("ALTER ROLE " + role + " SET " + setting);
  session_ = open(server_->as(role));
  const std::string all =
      "SELECT concat_ws(' ', '2026-11-23 09:00:00+00'::timestamptz, '\\x00ff'::bytea, '1 day 2 hours'::interval, "
      "0.1::float8 + 0.2, '☃')";
  const std::string wanted = "2026-11-23 09:00:00+00 \\x00ff 1 day 02:00:00 0.30000000000000004 ☃";
  EXPECT_EQ(first(*session_, all), Texts{wanted});
  EXPECT_EQ(first(*session_, all + " WHERE $1 = 'x'", {text("x")}), Texts{wanted});
  ASSERT_TRUE(session_->begin());
  EXPECT_EQ(first(*session_, all), Texts{wanted});
  session_->end();
  EXPECT_EQ(server_->value(
                "SELECT string_agg(application_name || ' ' || state, ',') FROM pg_stat_activity WHERE usename = '" +
                role + "'"),
            "vhookd idle");
}

TEST_P(Postgres, ConnectionStringsOfEveryForm) {
  const auto base = server_->as(server_->reader());
  const auto& pw = PostgresServer::password;
  const auto rest = " user=" + server_->reader() + " password='" + pw + "' dbname=" + server_->database();
  for (const auto& url : {"host=127.0.0.1 port=" + server_->port() + rest,
                          server_->url(server_->reader(), pw, "127.0.0.1:1," + server_->address(), server_->database()),
                          base.url.reveal() + "?application_name=mine&sslmode=prefer",
                          base.url.reveal() + "?target_session_attrs=read-write&connect_timeout=5"}) {
    auto database = base;
    database.url = Secret(url);
    const auto session = open(database);
    ASSERT_TRUE(session);
    const auto mine = url.find("application_name") != std::string::npos;
    EXPECT_EQ(first(*session, "SELECT current_setting('application_name')"), Texts{mine ? "mine" : "vhookd"});
  }
}

TEST_P(Postgres, NoErrorHoldsThePassword) {
  auto database = server_->as(server_->reader());
  const std::string secret = "hunter2";
  const auto at = "@" + server_->address() + "/" + server_->database();
  const auto user = "postgresql://" + server_->reader() + ":";
  for (const auto& url :
       {user + secret + at, user + "x@" + secret + at, user + "x/" + secret + at, user + secret + "%zz" + at,
        user + secret + "@[::1/db", user + secret + at + "?" + secret + "=1", user + secret + "#" + at,
        "host=127.0.0.1 password=x " + secret, "password='" + secret, user + secret + at + "?sslmode=require",
        user + secret + "@" + "127.0.0.1:1/db", user + secret + "@no-such-host.invalid/db"}) {
    database.url = Secret(url);
    const auto failed = refused(database);
    EXPECT_FALSE(says(failed, secret)) << failed.message;
    EXPECT_FALSE(failed.message.empty());
  }
}

TEST_P(Postgres, RefusalsSayWhoMustAct) {
  auto database = server_->as(server_->reader());
  const auto url = database.url.reveal();
  database.url = Secret(url + "?sslmode=require");
  EXPECT_EQ(refused(database).recourse, Recourse::ask_operator) << "no TLS at this server";
  database.url = Secret(url + "?sslmode=verify-full&sslrootcert=/nonexistent");
  EXPECT_EQ(refused(database).recourse, Recourse::ask_operator);
  const auto role = make_role("crowded");
  server_->execute("ALTER ROLE " + role + " CONNECTION LIMIT 1");
  const auto only = open(server_->as(role));
  EXPECT_EQ(refused(server_->as(role)).recourse, Recourse::reconnect);
  server_->execute("ALTER ROLE " + role + " NOLOGIN");
  EXPECT_EQ(refused(server_->as(role)).recourse, Recourse::ask_operator);
}

TEST_P(Postgres, FailedReadsSayWhoMustAct) {
  using enum Recourse;
  make(
      "CREATE TABLE t (id int PRIMARY KEY, at timestamptz); INSERT INTO t VALUES (1); CREATE MATERIALIZED VIEW m AS "
      "SELECT 1 AS a WITH NO DATA");
  const struct {
    std::string sql;
    std::vector<Param> params;
    Recourse recourse;
    std::string says;
  } cases[] = {
      {"SELECT 1 FROM room.t WHERE id = $1", {text("abc")}, ask_operator, "\"abc\""},
      {"SELECT 1 FROM room.t WHERE id = $1", {text("99999999999999")}, ask_operator, "99999999999999"},
      {"SELECT 1 FROM room.t WHERE at > $1", {text("yesterdayish")}, ask_operator, "yesterdayish"},
      {"SELECT 1 FROM room.t WHERE id LIKE $1", {text("1%")}, ask_operator, "operator does not exist"},
      {"SELECT 1 FROM room.t WHERE $1 <> ''", {text("\xff")}, ask_operator, "UTF8"},
      {"SELECT idd FROM room.t", {}, ask_operator, "t.id"},
      {"SELECT 1 FROM room.u", {}, ask_operator, "room.u"},
      {"SELECT 1 FROM rom.t", {}, ask_operator, "rom"},
      {"SELECT * FROM room.m", {}, ask_operator, "populated"},
      {"SELECT 1 FROM pg_authid", {}, ask_operator, "permission denied"},
      {"SELECT 1 FROM room.t WHERE", {}, give_up, "syntax error"},
      {"SELECT 1/(id-1) FROM room.t", {}, ask_operator, "division by zero"},
  };
  for (const auto& c : cases) {
    const auto failed = error(c.sql, c.params);
    EXPECT_EQ(failed.recourse, c.recourse) << c.sql << ": " << failed.message;
    EXPECT_TRUE(says(failed, c.says)) << failed.message;
    ASSERT_TRUE(session_->begin());
    EXPECT_EQ(error(c.sql, c.params).recourse, c.recourse);
    EXPECT_EQ(error("SELECT 1").recourse, retry) << "aborted until its end";
    session_->end();
    EXPECT_EQ(first(*session_, "SELECT 1"), Texts{"1"});
  }
}

TEST_P(Postgres, AValueWithANulIsNotCutShort) {
  const std::string nul("a\0b", 3);
  for (const bool within : {false, true}) {
    ASSERT_TRUE(!within || session_->begin());
    EXPECT_EQ(first(*session_, "SELECT 1"), Texts{"1"});
    const auto failed = error("SELECT 1 WHERE $1 <> ''", {text(nul)});
    EXPECT_EQ(failed.recourse, Recourse::ask_operator);
    EXPECT_TRUE(says(failed, "NUL")) << failed.message;
    EXPECT_EQ(first(*session_, "SELECT encode($1, 'hex')", {{.kind = Kind::binary, .text = nul}}), Texts{"610062"});
    if (within) session_->end();
  }
}

TEST_P(Postgres, OwnValuesStandInTheStatementAndNoOthers) {
  // `own`: the hint that all values were made here.
  const auto read = [&](const std::string& sql, std::vector<Param> params, bool own) {
    Texts texts;
    const Query query{.sql = sql,
                      .params = std::move(params),
                      .table = nullptr,
                      .hints = own ? postgres::own_values : std::uint8_t{0}};
    EXPECT_TRUE(session_->read(query, [&](Row row) {
      texts.emplace_back(row[0].text);
      return true;
    }));
    return texts;
  };
  const auto asked = [&](const std::string& value, bool own) {
    return read("SELECT current_query() WHERE $1::text <> ''", {text(value)}, own).at(0);
  };
  EXPECT_TRUE(asked("{17,4}", true).contains("WHERE '{17,4}'::text"));
  // What is bound needs a message of its own, and the rows come with the next one.
  EXPECT_TRUE(asked("1' OR '1", true).starts_with("FETCH ")) << "it is held to what it may be";
  EXPECT_TRUE(asked("17", false).starts_with("FETCH "));
  make(R"(CREATE TABLE "a$1" (id int, "b""$2" int); INSERT INTO "a$1" VALUES (1, 5), (2, 8), (3, 9))");
  const std::string sql =
      R"(SELECT id FROM room."a$1" WHERE id = $1::int OR "b""$2" = ANY($2::int[]) OR id = $1::int ORDER BY id)";
  for (const bool within : {false, true}) {
    ASSERT_TRUE(!within || session_->begin());
    EXPECT_EQ(read(sql, {text("1"), text("{7,8}")}, true), (Texts{"1", "2"}));
    EXPECT_EQ(read(sql, {text("1"), text("{7,8}")}, false), (Texts{"1", "2"}));
    if (within) session_->end();
  }
}

TEST_P(Postgres, OverlongStatementsAreCutAndSaySo) {
  session_ = open(server_->as(server_->reader()), {.statement_timeout = std::chrono::milliseconds(1000)});
  for (const bool bound : {false, true}) {
    const auto failed = bound ? error("SELECT pg_sleep($1)", {text("30")}) : error("SELECT pg_sleep(30)");
    EXPECT_EQ(failed.recourse, Recourse::retry);
    EXPECT_TRUE(says(failed, "1000 ms")) << failed.message;
  }
  // The limit is for each statement, not for all between begin and end.
  ASSERT_TRUE(session_->begin());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(first(*session_, "SELECT pg_sleep(0.3)"), Texts{""});
  session_->end();
}

TEST_P(Postgres, ALockedTableIsTriedAgain) {
  make("CREATE TABLE t (id int)");
  session_ = open(server_->as(server_->reader()), {.statement_timeout = std::chrono::milliseconds(1000)});
  server_->execute("BEGIN; LOCK TABLE room.t");
  EXPECT_EQ(error("SELECT id FROM room.t").recourse, Recourse::retry);
  EXPECT_TRUE(session_->describe({.schema = "room", .name = "t"})) << "the catalogue isn't locked";
  server_->execute("COMMIT");
  EXPECT_EQ(first(*session_, "SELECT id FROM room.t"), Texts{});
}

TEST_P(Postgres, ALostConnectionSaysWhere) {
  for (const bool bound : {false, true}) {
    session_ = open(server_->as(server_->reader()));
    EXPECT_EQ(first(*session_, "SELECT 1"), Texts{"1"});
    const std::string ours = " FROM pg_stat_activity WHERE usename = '" + server_->reader() + "'";
    server_->execute("SELECT pg_terminate_backend(pid)" + ours);
    while (server_->value("SELECT count(*)" + ours) != "0") continue;
    const auto lost = bound ? error("SELECT $1", {text("x")}) : error("SELECT 1");
    EXPECT_EQ(lost.recourse, Recourse::reconnect);
    EXPECT_TRUE(says(lost, "the connection to " + server_->address() + " was lost")) << lost.message;
    EXPECT_EQ(error("SELECT 1").message, lost.message) << "the first cause stays";
    EXPECT_FALSE(session_->begin());
    session_->end();
  }
}

TEST_P(Postgres, TheViewIsTakenAtBegin) {
  make("CREATE TABLE t (id int)");
  ASSERT_TRUE(session_->begin());
  server_->execute("INSERT INTO room.t VALUES (1)");
  EXPECT_EQ(first(*session_, "SELECT count(*) FROM room.t"), Texts{"0"});
  EXPECT_EQ(first(*session_, "SELECT count(*) FROM room.t WHERE id <> $1", {text("7")}), Texts{"0"});
  EXPECT_FALSE(session_->begin()) << "not twice";
  session_->end();
  EXPECT_EQ(first(*session_, "SELECT count(*) FROM room.t"), Texts{"1"});
}

TEST_P(Postgres, ManyReadsInOneTransactionKeepOneCursor) {
  ASSERT_TRUE(session_->begin());
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(first(*session_, "SELECT i FROM generate_series(1, 40) i").size(), 40u);
    EXPECT_EQ(first(*session_, "SELECT i FROM generate_series(1, 9) i WHERE i > $1", {text("4")}).size(), 5u);
  }
  EXPECT_EQ(first(*session_, "SELECT count(*) FROM pg_cursors"), Texts{"1"});
  session_->end();
}

TEST_P(Postgres, BatchesOfEverySizeAreWhole) {
  for (const int rows : {0, 1, 3, 4, 5, 67, 68, 69, 1067, 1068, 1069, 5000})
    EXPECT_EQ(first(*session_, "SELECT i FROM generate_series(1, $1::int) i", {text(std::to_string(rows))}).size(),
              static_cast<std::size_t>(rows));
}

TEST_P(Postgres, LargeRowsComeInSmallBatches) {
  const auto peak_kib = [] {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
      if (line.starts_with("VmHWM:")) return std::stol(line.substr(6));
    return 0L;
  };
  std::ofstream("/proc/self/clear_refs") << "5";
  [[maybe_unused]] const auto before = peak_kib();
  std::size_t bytes = 0;
  const auto done =
      session_->read({.sql = "SELECT repeat('x', 10485760) FROM generate_series(1, 40)", .params = {}}, [&](Row row) {
        bytes += row[0].text.size();
        return true;
      });
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(bytes, std::size_t{40} * 10485760);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(peak_kib() - before, 120 * 1024) << "KiB";
#endif
}

TEST_P(Postgres, SystemColumnsAndSnapshots) {
  make("CREATE TABLE t (id int); INSERT INTO t VALUES (1)");
  std::vector<Kind> kinds;
  const auto done = session_->read({.sql = "SELECT xmin, age(xmin), ctid, pg_current_snapshot(), "
                                           "pg_snapshot_xmin(pg_current_snapshot()), tableoid, NULL FROM room.t",
                                    .params = {}},
                                   [&](Row row) {
                                     for (const auto& value : row) kinds.push_back(value.kind);
                                     return true;
                                   });
  ASSERT_TRUE(done) << done.error().message;
  using enum Kind;
  EXPECT_EQ(kinds, (std::vector<Kind>{text, integer, text, text, text, integer, text}));
}

TEST_P(Postgres, AServerThatCannotReadItsTextPassesTheBytes) {
  const auto name = server_->database() + "_ascii";
  server_->execute("CREATE DATABASE " + name + " TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'");
  server_->execute_in(
      name, "CREATE TABLE t (v text); INSERT INTO t VALUES (E'caf\\351'); GRANT SELECT ON t TO " + server_->reader());
  session_ = open(server_->as(server_->reader(), name));
  EXPECT_EQ(first(*session_, "SELECT v FROM t"), Texts{"caf\xe9"});
  EXPECT_EQ(first(*session_, "SELECT v FROM t WHERE v = $1", {text("caf\xe9")}), Texts{"caf\xe9"});
  session_.reset();
  server_->execute("DROP DATABASE " + name + " WITH (FORCE)");
}

}  // namespace vhookd::testing
