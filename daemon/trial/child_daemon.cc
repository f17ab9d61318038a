#include "daemon/trial/child_daemon.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace vhookd {

namespace {

constexpr std::chrono::seconds kill_timeout(10);

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// This process's environment without the variables that refer to the service manager or to inherited sockets.
std::vector<std::string> environment(const std::string& crash_at) {
  std::vector<std::string> settings;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    bool excluded = false;
    for (const std::string_view name : {"VHOOKD_", "NOTIFY_SOCKET=", "WATCHDOG_", "LISTEN_", "JOURNAL_STREAM="})
      excluded = excluded || text.starts_with(name);
    if (!excluded) settings.emplace_back(text);
  }
  if (!crash_at.empty()) settings.push_back("VHOOKD_CRASH_AT=" + crash_at);
  return settings;
}

}  // namespace

ChildDaemon::ChildDaemon(const Options& options) {
  std::vector<std::string> arguments = {"vhookd", "run", "--config", options.config, "--state", options.state};
  if (options.once) arguments.emplace_back("--once");
  auto settings = environment(options.crash_at);
  const auto argv = pointers(arguments);
  const auto envp = pointers(settings);
  const int in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int out = ::open(options.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const pid_t parent = ::getpid();
  pid_ = in < 0 || out < 0 ? -1 : ::fork();
  if (pid_ == 0) {
    // Only async-signal-safe functions: this process has threads.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent || ::dup2(in, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(out, 2) < 0) ::_exit(127);
    ::execve("/proc/self/exe", argv.data(), envp.data());
    ::_exit(127);
  }
  ::close(in);
  ::close(out);
  if (pid_ > 0) handle_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  if (handle_ >= 0) return;
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  throw std::runtime_error("cannot start a daemon that logs to " + options.log);
}

ChildDaemon::~ChildDaemon() {
  if (!wait(std::chrono::milliseconds(0))) {
    signal(SIGKILL);
    wait(kill_timeout);
  }
  ::close(handle_);
}

void ChildDaemon::signal(int number) const {
  if (!code_) ::kill(pid_, number);
}

std::optional<int> ChildDaemon::wait(std::chrono::milliseconds time) {
  if (code_) return code_;
  pollfd ends{.fd = handle_, .events = POLLIN, .revents = 0};
  if (::poll(&ends, 1, static_cast<int>(time.count())) <= 0) return std::nullopt;
  int status = 0;
  ::waitpid(pid_, &status, 0);
  code_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return code_;
}

}  // namespace vhookd
