// Behind a pooler that hands one session of the server to many clients, a transaction at a time: PgBouncer.
#include <arpa/inet.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

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

const Query often{.sql = "SELECT 1::text", .params = {}, .few = true, .often = true};
constexpr auto prepared_sql = "SELECT count(*)::text FROM pg_catalog.pg_prepared_statements";

}  // namespace

TEST_P(PostgresPooled, OneSessionServesManyAndNothingIsLeftInIt) {
  if (access(pooler_program, X_OK) != 0) GTEST_SKIP() << "NOT TESTED: Debian's pgbouncer is not installed";
  make("CREATE TABLE goods (id int PRIMARY KEY, name text); INSERT INTO goods VALUES (1, 'chair')");
  const Pooler pooler(*server_, server_->reader());
  auto database = server_->as(server_->reader());
  database.url = Secret(pooler.url());
  std::vector<std::unique_ptr<Connector>> sessions;
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
      session->end();
    }
  }
  EXPECT_EQ(first(*sessions[0], prepared_sql), Texts{"0"});
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

}  // namespace vhookd::testing
