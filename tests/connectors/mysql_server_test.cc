// What only MySQL and MariaDB can get wrong, on their real servers.
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "tests/connectors/mysql_fixture.h"
#include "tests/support/raw_server.h"

namespace vhookd::testing {
namespace {

// The hint keeps MySQL from a hash join, which would gather a thousand million rows before it sends the first.
const std::string endless =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
    " SELECT /*+ NO_BNL() */ a.i, REPEAT('x', 200) FROM n a, n b, n c, n d";

INSTANTIATE_TEST_SUITE_P(Servers, MysqlServer, ::testing::Values("mariadb", "mysql"),
                         [](const auto& server) { return server.param; });

// ---- the session

TEST_P(MysqlServer, NamesItselfByNumberAlone) {
  const std::string server = session_->server();
  EXPECT_TRUE(server.starts_with(sandbox_->is_mariadb() ? "MariaDB 1" : "MySQL ")) << server;
  EXPECT_EQ(server.find_first_not_of("0123456789.", server.find(' ') + 1), std::string::npos) << server;
}

TEST_P(MysqlServer, SettlesItsSession) {
  EXPECT_EQ(first("SELECT @@sql_mode"), Texts{""});
  EXPECT_EQ(first("SELECT @@time_zone"), Texts{"+00:00"});
  EXPECT_EQ(first("SELECT @@autocommit"), Texts{"1"});
  for (const std::string name : {"client", "connection", "results"}) {
    EXPECT_EQ(first("SELECT @@character_set_" + name), Texts{"utf8mb4"}) << name;
  }
  const std::string prefix = sandbox_->is_mariadb() ? "tx_" : "transaction_";
  EXPECT_EQ(first("SELECT @@" + prefix + "isolation"), Texts{"REPEATABLE-READ"});
  EXPECT_EQ(first("SELECT @@" + prefix + "read_only"), Texts{"1"});
}

// A server may be set up in ways that change what SQL means, or cut answers.
TEST_P(MysqlServer, GlobalSettingsDoNotReachIt) {
  Owner& owner = sandbox_->owner();
  make("settings", "(id int primary key, v varchar(50))");
  owner.execute(R"(INSERT INTO settings VALUES (1, 'a\\'), (2, '\' OR 1=1 -- '), (3, 'c'))");
  const std::string before = owner.one("SELECT @@GLOBAL.sql_mode");
  const std::string limit = owner.one("SELECT @@GLOBAL.sql_select_limit");
  owner.execute("SET GLOBAL sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES,PAD_CHAR_TO_FULL_LENGTH,PIPES_AS_CONCAT'");
  owner.execute("SET GLOBAL sql_select_limit = 1");
  owner.execute("SET GLOBAL init_connect = 'SET NAMES latin1'");
  session_ = open();
  owner.execute("SET GLOBAL sql_mode = '" + before + "'");
  owner.execute("SET GLOBAL sql_select_limit = " + limit);
  owner.execute("SET GLOBAL init_connect = ''");
  ASSERT_TRUE(session_);
  EXPECT_EQ(first("SELECT id FROM settings ORDER BY id"), (Texts{"1", "2", "3"}));
  const auto text = [](std::string value) { return Param{.kind = Kind::text, .text = std::move(value)}; };
  EXPECT_EQ(first("SELECT id FROM settings WHERE v = ?", {text("a\\")}), Texts{"1"});
  EXPECT_EQ(first("SELECT id FROM settings WHERE v = ?", {text("' OR 1=1 -- ")}), Texts{"2"});
  EXPECT_EQ(first("SELECT id FROM settings WHERE v = ?", {text("\\' OR 1=1 -- ")}), Texts{});
  EXPECT_EQ(first("SELECT ?", {text("ü ☃ 😀")}), Texts{"ü ☃ 😀"});
}

TEST_P(MysqlServer, AnyThreadMayUseIt) {
  for (int i = 0; i < 4; ++i) {
    std::jthread(
        [&] { EXPECT_EQ(first("SELECT ?", {{.kind = Kind::integer, .text = std::to_string(i)}}).size(), 1u); });
  }
  std::jthread([&] { session_.reset(); });
}

// ---- binding

TEST_P(MysqlServer, BoundValuesKeepTheIndexWhateverTheCharacterSet) {
  const struct {
    const char* column;
    Param value;
  } cases[] = {
      {"varchar(50) character set latin1", {.kind = Kind::text, .text = "k 855"}},
      {"varchar(50) character set latin1 collate latin1_bin", {.kind = Kind::text, .text = "k 855"}},
      {"varchar(50) character set ascii", {.kind = Kind::text, .text = "k 855"}},
      {"varchar(50) character set utf8mb3", {.kind = Kind::text, .text = "k 855"}},
      {"varchar(50) collate utf8mb4_bin", {.kind = Kind::text, .text = "k 855"}},
      {"varchar(50) collate utf8mb4_general_ci", {.kind = Kind::text, .text = "k 855"}},
      {"varchar(50) collate utf8mb4_unicode_ci", {.kind = Kind::text, .text = "k 855"}},
      {"char(36) character set ascii collate ascii_bin", {.kind = Kind::text, .text = "k 855"}},
      {"binary(16)", {.kind = Kind::binary, .text = std::string("k 855\0\0\0\0\0\0\0\0\0\0\0", 16)}},
      {"varbinary(50)", {.kind = Kind::binary, .text = "k 855"}},
      {"datetime(6)", {.kind = Kind::timestamp, .text = "2020-01-01 00:14:50.000000"}},
      {"timestamp(6) null", {.kind = Kind::timestamptz, .text = "2020-01-01 00:14:50.000000+00"}},
      {"date", {.kind = Kind::text, .text = "2022-06-01"}},
      {"bigint unsigned", {.kind = Kind::integer, .text = "890"}},
      {"bigint unsigned", {.kind = Kind::decimal, .text = "890.5"}},
      {"decimal(65,30)", {.kind = Kind::decimal, .text = "890.000000000000000000000000000001"}},
      {"double", {.kind = Kind::real, .text = "890.5"}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.column);
    make("keyset", std::string("(id int primary key, k ") + c.column + ", other varchar(20), index (k))");
    const std::string type = c.column;
    const bool text = type.find("char") != std::string::npos || type.find("binary") != std::string::npos;
    const std::string value = text             ? "CONCAT('k ', i)"
                              : type == "date" ? "'2020-01-01' + INTERVAL i DAY"
                              : type.find("time") == 0 || type.starts_with("datetime")
                                  ? "'2020-01-01' + INTERVAL i SECOND"
                                  : "i";
    sandbox_->owner().execute(
        "INSERT INTO keyset WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT i, " +
        value + ", 'x' FROM n");
    sandbox_->owner().execute("ANALYZE TABLE keyset");
    const Param id{.kind = Kind::integer, .text = "850"};
    const std::string keyset = "SELECT id, other FROM keyset WHERE k >= ? AND (k > ? OR id > ?) ORDER BY k, id LIMIT 5";
    EXPECT_FALSE(first(keyset, {c.value, c.value, id}).empty());
    Texts plan;
    const auto done =
        session_->read({.sql = "EXPLAIN FORMAT=JSON " + keyset, .params = {c.value, c.value, id}}, [&](Row row) {
          plan.emplace_back(row[0].text);
          return true;
        });
    ASSERT_TRUE(done) << done.error().message;
    ASSERT_EQ(plan.size(), 1u);
    const bool range = plan[0].find("\"access_type\": \"range\"") != std::string::npos ||
                       plan[0].find("\"index_access_type\": \"index_range_scan\"") != std::string::npos;
    EXPECT_TRUE(range) << plan[0];
  }
}

TEST_P(MysqlServer, TextAColumnCannotHoldIsForTheOperator) {
  make("narrow", "(v varchar(20) character set latin1)");
  const auto done =
      session_->read({.sql = "SELECT v FROM narrow WHERE v = ?", .params = {{.kind = Kind::text, .text = "😀"}}},
                     [](Row) { return true; });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().recourse, Recourse::ask_operator) << done.error().message;
  EXPECT_EQ(first("SELECT 1"), Texts{"1"});
}

TEST_P(MysqlServer, ManyAndLargeValues) {
  std::vector<Param> params;
  std::string list;
  for (int i = 0; i < 5000; ++i) {
    params.push_back({.kind = Kind::integer, .text = std::to_string(i)});
    list += i == 0 ? "?" : ", ?";
  }
  EXPECT_EQ(first("SELECT 4999 IN (" + list + ")", params), Texts{"1"});
  const Param large{.kind = Kind::text, .text = std::string(1 << 20, 'x')};
  EXPECT_EQ(first("SELECT LENGTH(?)", {large}), Texts{"1048576"});
}

// ---- answers that end before their end

TEST_P(MysqlServer, AKilledQueryIsAnErrorAndNotAShorterAnswer) {
  int rows = 0;
  const auto done = session_->read({.sql = endless, .params = {}}, [&](Row) {
    if (++rows == 1000) sandbox_->owner().kill_sessions_of(sandbox_->user(), true);
    return true;
  });
  ASSERT_FALSE(done) << "after " << rows << " rows";
  EXPECT_EQ(done.error().recourse, Recourse::retry) << done.error().message;
  EXPECT_EQ(first("SELECT 1"), Texts{"1"});
}

TEST_P(MysqlServer, AKilledConnectionIsAnErrorAndNotAShorterAnswer) {
  int rows = 0;
  const auto done = session_->read({.sql = endless, .params = {}}, [&](Row) {
    if (++rows == 1000) sandbox_->owner().kill_sessions_of(sandbox_->user());
    return true;
  });
  ASSERT_FALSE(done) << "after " << rows << " rows";
  EXPECT_EQ(done.error().recourse, Recourse::reconnect) << done.error().message;
}

TEST_P(MysqlServer, ATimeoutInMidAnswerIsAnErrorAndSaysSo) {
  session_ = open({.statement_timeout = std::chrono::milliseconds(1000)});
  ASSERT_TRUE(session_);
  for (const bool bound : {false, true}) {
    SCOPED_TRACE(bound ? "prepared" : "plain");
    int rows = 0;
    Query query{.sql = endless + (bound ? " WHERE a.i > ?" : ""), .params = {}};
    if (bound) query.params.push_back({.kind = Kind::integer, .text = "0"});
    const auto done = session_->read(query, [&](Row) { return ++rows > 0; });
    ASSERT_FALSE(done) << "after " << rows << " rows";
    EXPECT_GT(rows, 0);
    EXPECT_EQ(done.error().recourse, Recourse::retry) << done.error().message;
    EXPECT_NE(done.error().message.find("timeout"), std::string::npos) << done.error().message;
    EXPECT_EQ(first("SELECT 1"), Texts{"1"});
  }
}

TEST_P(MysqlServer, AnErrorInMidAnswerIsAnError) {
  make("uneven", "(id int primary key, v varchar(20))");
  sandbox_->owner().execute("INSERT INTO uneven VALUES (1, '1'), (2, '2'), (3, '3')");
  int rows = 0;
  const auto done = session_->read(
      {.sql = "SELECT id, IF(id = 3, (SELECT id FROM uneven u WHERE u.id <= uneven.id), 0) FROM uneven ORDER BY id",
       .params = {}},
      [&](Row) { return ++rows > 0; });
  ASSERT_FALSE(done) << "after " << rows << " rows";
  EXPECT_NE(done.error().message.find("more than 1 row"), std::string::npos) << done.error().message;
}

// ---- stopping early

TEST_P(MysqlServer, StoppingALongAnswerIsQuickAndKeepsTheSnapshot) {
  make("counted", "(id int primary key)");
  sandbox_->owner().execute("INSERT INTO counted VALUES (1)");
  ASSERT_TRUE(session_->begin());
  EXPECT_EQ(first("SELECT COUNT(*) FROM counted"), Texts{"1"});
  sandbox_->owner().execute("INSERT INTO counted VALUES (2)");
  const auto started = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) {
    int rows = 0;
    const auto done = session_->read({.sql = endless, .params = {}}, [&](Row) { return ++rows < 3; });
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(rows, 3);
    EXPECT_EQ(first("SELECT COUNT(*) FROM counted"), Texts{"1"}) << "still the old view, and not killed by mistake";
  }
  session_->end();
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(60));
  EXPECT_EQ(first("SELECT COUNT(*) FROM counted"), Texts{"2"});
}

// The answer may end by itself while the kill is on its way; whatever its length, the next statement is spared.
TEST_P(MysqlServer, StoppingAnAnswerOfAnyLengthSparesTheNextStatement) {
  for (int rows = 95; rows < 2000; rows += rows < 110 ? 1 : 300) {
    SCOPED_TRACE(rows);
    const auto done =
        session_->read({.sql = endless + " LIMIT " + std::to_string(rows), .params = {}}, [](Row) { return false; });
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(first("SELECT 1"), Texts{"1"});
  }
}

// ---- connecting

TEST_P(MysqlServer, ConnectErrorsNameThePlace) {
  config::Database nowhere = sandbox_->reader();
  nowhere.url = Secret("mysql://u:" + std::string("topsecret") + "@127.0.0.1:1/shop");
  const Error error = refused(nowhere);
  EXPECT_EQ(error.recourse, Recourse::reconnect);
  EXPECT_NE(error.message.find("127.0.0.1:1"), std::string::npos) << error.message;
  EXPECT_EQ(error.message.find("topsecret"), std::string::npos) << error.message;
  nowhere.url = Secret("mysql://u:topsecret@no-such-host.invalid/shop");
  EXPECT_EQ(refused(nowhere).message.find("topsecret"), std::string::npos);
  EXPECT_EQ(refused(sandbox_->as(sandbox_->user(), "wrong")).recourse, Recourse::ask_operator);
}

// Whatever takes connections and says nothing: a firewall, a hung server.
TEST(MysqlConnect, ASilentServerIsGivenUpInTime) {
  const RawServer silent([](RawConnection& connection) { connection.wait_until_gone(); });
  config::Database database;
  database.url = Secret("mysql://u:topsecret@127.0.0.1:" + std::to_string(silent.port()) + "/shop?connect-timeout=1");
  const auto started = std::chrono::steady_clock::now();
  const auto session = connect_mysql(database, {});
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(8));
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().recourse, Recourse::reconnect) << session.error().message;
  EXPECT_EQ(session.error().message.find("topsecret"), std::string::npos) << session.error().message;
}

TEST_P(MysqlServer, ASocketWillDo) {
  const std::string path = sandbox_->owner().one("SELECT @@socket");
  if (access(path.c_str(), W_OK) != 0) GTEST_SKIP() << "NOT TESTED: its socket is not here: " << path;
  session_ = open(sandbox_->reader("?socket=" + path));
  ASSERT_TRUE(session_);
  EXPECT_EQ(first("SELECT 1"), Texts{"1"});
}

TEST_P(MysqlServer, TlsIsWhatTheModeSays) {
  const bool offered = sandbox_->is_mariadb() ? sandbox_->owner().one("SELECT @@have_ssl") == "YES"
                                              : !sandbox_->owner().one("SELECT @@ssl_cert").empty();
  const auto cipher = [&](const std::string& tail) {
    const auto session = open(sandbox_->reader(tail));
    return session
               ? first(*session, "SELECT VARIABLE_VALUE FROM " +
                                     std::string(sandbox_->is_mariadb() ? "information_schema" : "performance_schema") +
                                     ".session_status WHERE VARIABLE_NAME = 'Ssl_cipher'")
                     .at(0)
               : "no session";
  };
  EXPECT_EQ(cipher("?ssl-mode=disabled"), "");
  EXPECT_EQ(cipher(""), "") << "to this machine";
  EXPECT_EQ(cipher("?ssl-mode=preferred").empty(), !offered);
  EXPECT_EQ(refused(sandbox_->reader("?ssl-mode=VERIFY_IDENTITY")).recourse, Recourse::ask_operator) << "no such chain";
  EXPECT_EQ(refused(sandbox_->reader("?ssl-mode=VERIFY_CA&ssl-ca=/no/such.pem")).recourse, Recourse::ask_operator);
  if (!offered) {
    const Error error = refused(sandbox_->reader("?ssl-mode=REQUIRED"));
    EXPECT_EQ(error.recourse, Recourse::ask_operator) << error.message;
    return;
  }
  EXPECT_NE(cipher("?ssl-mode=REQUIRED"), "");
  const std::string ca = sandbox_->owner().one("SELECT CONCAT(@@datadir, @@ssl_ca)");
  if (!std::filesystem::exists(ca)) return;
  EXPECT_NE(cipher("?ssl-mode=VERIFY_CA&ssl-ca=" + ca), "");
  const Error name = refused(sandbox_->reader("?ssl-mode=VERIFY_IDENTITY&ssl-ca=" + ca));
  EXPECT_EQ(name.recourse, Recourse::ask_operator) << "its certificate names another host: " << name.message;
}

}  // namespace
}  // namespace vhookd::testing
