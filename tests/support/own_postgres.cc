#include "tests/support/own_postgres.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <pqxx/connection>
#include <pqxx/nontransaction>
#include <stdexcept>

namespace vhookd::testing {

namespace {

namespace fs = std::filesystem;

constexpr uid_t nobody = 65534;  // on every Debian; the server refuses to run as root

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

}  // namespace

std::unique_ptr<OwnPostgres> OwnPostgres::start() {
  std::string programs;
  std::error_code none;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", none))
    if (fs::exists(version.path() / "bin/postgres")) programs = (version.path() / "bin").string();
  if (programs.empty()) return nullptr;
  std::unique_ptr<OwnPostgres> server(new OwnPostgres(programs, free_port()));
  if (getuid() == 0 && chown(server->folder_.path().c_str(), nobody, nobody) != 0)
    throw std::runtime_error("cannot give a folder to the server's user");
  if (server->as_server(programs + "/initdb -D data -U postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 -N") != 0)
    throw std::runtime_error("initdb failed:\n" + read_file(server->folder_.path() / "log"));
  server->go_on();
  return server;
}

OwnPostgres::~OwnPostgres() {
  if (pid_ > 0) end(SIGQUIT);
}

// In the server's folder, to the end; its streams go to the log.
int OwnPostgres::as_server(const std::string& command) const {
  const std::string as = getuid() == 0 ? "setpriv --reuid=65534 --regid=65534 --clear-groups " : "";
  return std::system(("cd " + folder_.path().string() + " && " + as + command + " < /dev/null >> log 2>&1").c_str());
}

void OwnPostgres::go_on() {
  const std::string program = programs_ + "/postgres";
  const std::string port = std::to_string(port_);
  const std::string folder = folder_.path().string();
  pid_ = fork();
  if (pid_ == 0) {
    const std::string log = folder + "/log";
    if (freopen("/dev/null", "r", stdin) == nullptr || freopen(log.c_str(), "a", stdout) == nullptr ||
        freopen(log.c_str(), "a", stderr) == nullptr)
      _exit(127);
    if (getuid() == 0 && (setgid(nobody) != 0 || setuid(nobody) != 0)) _exit(127);
    prctl(PR_SET_PDEATHSIG, SIGINT);
    const std::string data = folder + "/data";
    const std::string sockets = "unix_socket_directories=" + folder;
    execl(program.c_str(), program.c_str(), "-D", data.c_str(), "-p", port.c_str(), "-c", "listen_addresses=127.0.0.1",
          "-c", sockets.c_str(), "-c", "fsync=off", "-c", "shared_buffers=16MB", nullptr);
    _exit(127);
  }
  const bool ready = eventually([&] {
    try {
      run("SELECT 1");
      return true;
    } catch (const std::exception&) {
      return waitpid(pid_, nullptr, WNOHANG) != 0;
    }
  });
  if (!ready || ::kill(pid_, 0) != 0)
    throw std::runtime_error("postgres did not start:\n" + read_file(folder + "/log"));
}

void OwnPostgres::end(int signal) {
  ::kill(pid_, signal);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void OwnPostgres::stop() {
  end(SIGINT);
}

void OwnPostgres::crash() {
  end(SIGQUIT);
}

void OwnPostgres::keep() {
  if (as_server("cp -a data kept") != 0) throw std::runtime_error("cannot keep the data");
}

void OwnPostgres::set_back() {
  if (as_server("rm -rf data") != 0 || as_server("mv kept data") != 0) throw std::runtime_error("cannot set back");
}

void OwnPostgres::run(const std::string& sql) const {
  pqxx::connection connection(url());
  pqxx::nontransaction(connection).exec(sql);
}

std::string OwnPostgres::url() const {
  return "postgresql://postgres@127.0.0.1:" + std::to_string(port_) + "/postgres";
}

}  // namespace vhookd::testing
