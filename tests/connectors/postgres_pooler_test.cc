// Behind a pooler that hands one session of the server to many clients, a transaction at a time: PgBouncer.
#include <arpa/inet.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "connectors/postgres/dialect.h"
#include "connectors/sql/sql_source.h"
#include "scheduler/detect/method.h"
#include "tests/connectors/postgres_fixture.h"
#include "tests/support/program.h"

namespace vhookd::testing {

namespace {

constexpr auto pooler_program = "/usr/sbin/pgbouncer";
constexpr uid_t nobody = 65534;  // on every Debian; it refuses to run as root

int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(fd);
  if (!bound) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

// All its clients have the one session of the server, as the role and in the database of `behind`.
class Pooler {
 public:
  Pooler(const PostgresServer& server, const std::string& role) : port_(free_port()) {
    const auto ini = (folder_.path() / "pgbouncer.ini").string();
    std::ofstream(ini) << "[databases]\nshop = host=127.0.0.1 port=" << server.port() << " dbname=" << server.database()
                       << " user=" << role << " password='" << PostgresServer::password
                       << "'\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " << port_
                       << "\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 1\n"
                       << "logfile = " << (folder_.path() / "log").string() << "\n";
    if (getuid() == 0 && (chown(folder_.path().c_str(), nobody, nobody) != 0 || chown(ini.c_str(), nobody, nobody)))
      throw std::runtime_error("cannot give a folder to the pooler's user");
    pid_ = fork();
    if (pid_ == 0) {
      if (getuid() == 0 && (setgid(nobody) != 0 || setuid(nobody) != 0)) _exit(127);
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      execl(pooler_program, pooler_program, "-q", ini.c_str(), nullptr);
      _exit(127);
    }
  }
  ~Pooler() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Pooler(const Pooler&) = delete;
  Pooler& operator=(const Pooler&) = delete;

  std::string url() const { return "postgresql://anyone@127.0.0.1:" + std::to_string(port_) + "/shop"; }
  std::string log() const { return read_file(folder_.path() / "log"); }

 private:
  TempFolder folder_;
  int port_;
  pid_t pid_ = -1;
};

using PostgresPooled = Postgres;
INSTANTIATE_TEST_SUITE_P(Servers, PostgresPooled, ::testing::Values("postgres15", "postgres18"),
                         [](const auto& at) { return at.param; });

const Query often{.sql = "SELECT 1::text", .params = {}, .hints = postgres::few | postgres::often};
constexpr auto prepared_sql = "SELECT count(*)::text FROM pg_catalog.pg_prepared_statements";
// What a session of our own keeps of itself, and a setting that every transaction has.
constexpr auto settings_sql =
    "SELECT concat_ws('|', NULLIF(pg_catalog.current_setting('vhookd.own_session', true), ''), "
    "NULLIF(pg_catalog.current_setting('vhookd.server_run', true), ''))";
const Query run_of_server{
    .sql = "SELECT " + std::string(postgres::server_run_sql), .params = {}, .hints = postgres::few};

std::string answer(SqlSession& session, const Query& query) {
  std::string text;
  EXPECT_TRUE(session.read(query, [&](Row row) {
    text = row[0].text;
    return true;
  }));
  return text;
}

}  // namespace

TEST_P(PostgresPooled, OneSessionServesManyAndNothingIsLeftInIt) {
  if (access(pooler_program, X_OK) != 0) GTEST_SKIP() << "NOT TESTED: Debian's pgbouncer is not installed";
  make("CREATE TABLE goods (id int PRIMARY KEY, name text); INSERT INTO goods VALUES (1, 'chair')");
  const Pooler pooler(*server_, server_->reader());
  auto database = server_->as(server_->reader());
  database.url = Secret(pooler.url());
  std::vector<std::unique_ptr<SqlSession>> sessions;
  ASSERT_TRUE(eventually([&] {
    auto made = connect_postgres(database, {});
    if (made) sessions.push_back(std::move(*made));
    return sessions.size() == 3;
  })) << pooler.log();
  for (int round = 0; round < 8; ++round) {
    for (auto& session : sessions) {
      const auto table = session->describe({.schema = "room", .name = "goods"});
      ASSERT_TRUE(table) << table.error().message;
      EXPECT_EQ(table->columns.size(), 2U);
      ASSERT_TRUE(session->read(often, [](Row) { return true; }));
      ASSERT_TRUE(session->begin());
      ASSERT_TRUE(session->read(often, [](Row) { return true; }));
      EXPECT_EQ(first(*session, "SELECT name FROM room.goods"), Texts{"chair"});
      EXPECT_NE(answer(*session, run_of_server), "");
      session->end();
    }
  }
  EXPECT_EQ(first(*sessions[0], prepared_sql), Texts{"0"});
  EXPECT_EQ(first(*sessions[0], settings_sql), Texts{""});
}

// What is asked with each poll is planned once, on a session of our own.
TEST_P(PostgresPooled, ASessionOfOurOwnKeepsAPlan) {
  make("CREATE TABLE goods (id int PRIMARY KEY); CREATE TABLE others (id int, note text)");
  for (int round = 0; round < 8; ++round) {
    EXPECT_EQ(described("goods").columns.size(), 1U);
    EXPECT_EQ(described("others").columns.size(), 2U);
    ASSERT_TRUE(session_->read(often, [](Row) { return true; }));
    ASSERT_TRUE(session_->begin());
    ASSERT_TRUE(session_->read(often, [](Row) { return true; }));
    session_->end();
  }
  EXPECT_EQ(first(*session_, prepared_sql), Texts{"2"});
  EXPECT_FALSE(session_->describe({.schema = "room", .name = "gooods"}));
  make("ALTER TABLE goods ADD COLUMN price int");
  EXPECT_EQ(described("goods").columns.size(), 2U);
}

// The settings of a transaction are made once then, and which run of the server it is of is looked up once.
TEST_P(PostgresPooled, ASessionOfOurOwnKeepsItsSettings) {
  const auto role = make_role("careless");
  server_->execute("ALTER ROLE " + role + " SET TimeZone = 'Asia/Tokyo'");
  session_ = open(server_->as(role));
  constexpr auto time_sql = "SELECT ('2026-11-23 09:00:00+00'::timestamptz)::text";
  EXPECT_EQ(first(*session_, time_sql), Texts{"2026-11-23 09:00:00+00"});
  EXPECT_EQ(first(*session_, settings_sql), Texts{""}) << "it is not known yet whether it is ours alone";
  const auto run = answer(*session_, run_of_server);
  ASSERT_TRUE(session_->read(often, [](Row) { return true; }));
  EXPECT_EQ(answer(*session_, run_of_server), run);
  EXPECT_EQ(first(*session_, settings_sql), Texts{"yes|" + run});
  for (int round = 0; round < 2; ++round) {
    std::string time;
    ASSERT_TRUE(session_->begin_with({.sql = "SELECT now()::text || ' ' || current_setting('transaction_read_only')",
                                      .params = {},
                                      .hints = postgres::few | postgres::often},
                                     [&](Row row) {
                                       time = row[0].text;
                                       return true;
                                     }));
    EXPECT_TRUE(time.ends_with("+00 on")) << time;
    EXPECT_EQ(first(*session_, time_sql), Texts{"2026-11-23 09:00:00+00"});
    EXPECT_FALSE(session_->read({.sql = "SET TRANSACTION READ WRITE", .params = {}, .hints = postgres::few},
                                [](Row) { return true; }));
    session_->end();
  }
}

// Somebody between us and the server resets a session, or hands us another: no value comes in another form.
TEST_P(PostgresPooled, SettingsThatAreLostAreMissed) {
  const auto role = make_role("mislaid");
  server_->execute("ALTER ROLE " + role + " SET TimeZone = 'Asia/Tokyo'");
  session_ = open(server_->as(role));
  ASSERT_TRUE(session_->read(often, [](Row) { return true; }));
  constexpr auto time_sql = "SELECT ('2026-11-23 09:00:00+00'::timestamptz)::text";
  EXPECT_EQ(first(*session_, time_sql), Texts{"2026-11-23 09:00:00+00"});
  ASSERT_TRUE(session_->read({.sql = "RESET ALL", .params = {}, .hints = postgres::few}, [](Row) { return true; }));
  const auto missed = error(time_sql);
  EXPECT_EQ(missed.recourse, Recourse::retry);
  EXPECT_TRUE(missed.message.contains("settings of the session were lost")) << missed.message;
  EXPECT_EQ(first(*session_, time_sql), Texts{"2026-11-23 09:00:00+00"});
  ASSERT_TRUE(session_->begin());
  EXPECT_EQ(first(*session_, time_sql), Texts{"2026-11-23 09:00:00+00"});
  session_->end();
}

// What a poll learns along the way is what the idle probe would be told.
TEST_P(PostgresPooled, APollAnswersTheIdleProbe) {
  make("CREATE TABLE goods (id int PRIMARY KEY)");
  const Table table = described("goods");
  config::Webhook webhook;
  webhook.id = "w";
  webhook.object_type = "goods";
  webhook.event = config::Event::updated;
  webhook.database.edit().type = DbType::postgres;
  const auto plan = make_plan(webhook, table, postgres_dialect(), std::nullopt);
  ASSERT_TRUE(plan) << plan.error().message;
  SqlSource source(postgres_dialect(), open(server_->as(server_->reader())));
  EXPECT_TRUE(eventually([&] {  // others write to this server
    const auto before = source.idle_token();
    auto method = make_method(*plan, "",
                              {.find = [](const auto&) { return std::optional<KnownRow>(); },
                               .after = [](const auto&, int) { return std::vector<KnownRow>(); },
                               .count = [] { return 0; }});
    if (!before || !*before || !method) return false;
    PageStyle style{
        .webhook_json = "{}", .secret = {}, .max_records = 1, .next_sequence = 1, .initial = false, .random_id = [] {
          return std::string("r");
        }};
    PageBuilder builder(std::move(style), RecordWriter(plan->delivered, plan->delivered_at));
    const auto question = (*method)->next();
    const auto read = source.begin(*question, [&](Row row) { return (*method)->row(row, builder).has_value(); });
    source.end();
    return read && !(*before)->empty() && (*method)->summary().idle_token == **before;
  }));
}

}  // namespace vhookd::testing
