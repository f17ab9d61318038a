#include "tests/support/program.h"
#include "tests/support/paths.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <stdexcept>

namespace vhookd::testing {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

bool steers_vhookd(std::string_view entry) {
  for (const std::string_view name : {"VHOOKD_", "STATE_DIRECTORY=", "RUNTIME_DIRECTORY=", "CREDENTIALS_DIRECTORY=",
                                      "NOTIFY_SOCKET=", "JOURNAL_STREAM=", "LISTEN_", "NO_COLOR="})
    if (entry.starts_with(name)) return true;
  return false;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

int open_to_write(const fs::path& path) {
  return open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

}  // namespace

bool eventually(const std::function<bool()>& holds, milliseconds time) {
  const auto end = steady_clock::now() + time;
  while (!holds()) {
    if (steady_clock::now() >= end) return false;
    poll(nullptr, 0, 5);
  }
  return true;
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TempFolder::TempFolder() {
  std::string name = (fs::temp_directory_path() / "vhookd-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder like " + name);
  path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

Program::Program(const Arguments& arguments, const Environment& more) {
  std::vector<std::string> words = {build_dir() + "/vhookd"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> settings;
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (!steers_vhookd(*entry)) settings.emplace_back(*entry);
  for (const auto& [name, value] : more) settings.push_back(name + "=" + value);
  const auto argv = pointers(words);
  const auto envp = pointers(settings);
  const int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int out = open_to_write(folder_.path() / "out");
  const int err = open_to_write(folder_.path() / "err");
  pid_ = fork();
  if (pid_ == 0) {
    dup2(in, 0);
    dup2(out, 1);
    dup2(err, 2);
    execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }
  for (const int fd : {in, out, err}) close(fd);
  if (pid_ < 0) throw std::runtime_error("cannot fork");
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
}

Program::~Program() {
  if (running()) {
    signal(SIGKILL);
    wait();
  }
  close(pidfd_);
}

void Program::signal(int number) const {
  if (!code_) ::kill(pid_, number);
}

std::optional<int> Program::wait(milliseconds time) {
  if (code_) return code_;
  pollfd ends{.fd = pidfd_, .events = POLLIN, .revents = 0};
  if (poll(&ends, 1, static_cast<int>(time.count())) <= 0) return std::nullopt;
  int status = 0;
  waitpid(pid_, &status, 0);
  dumped_core_ = WIFSIGNALED(status) && WCOREDUMP(status);
  code_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return code_;
}

bool Program::running() {
  return !wait(milliseconds(0));
}

bool Program::says(const std::string& words, milliseconds time) const {
  return eventually([&] { return out().contains(words) || err().contains(words); }, time);
}

Ended run(const Arguments& arguments, const Environment& more, milliseconds time) {
  Program program(arguments, more);
  const auto code = program.wait(time);
  if (!code) ADD_FAILURE() << "vhookd " << arguments.front() << " has not ended; it said:\n" << program.err();
  return {.code = code.value_or(-1), .out = program.out(), .err = program.err()};
}

Daemon::~Daemon() {
  if (running()) stop();
  if (::testing::Test::HasFailure()) std::cerr << "---- what the daemon said\n" << log() << "----\n";
}

void Daemon::configure(const std::string& yaml) const {
  std::ofstream file(config());
  if (!yaml.contains("\napi:") && !yaml.starts_with("api:")) file << "api: {listen: off}\n";
  file << yaml;
}

void Daemon::start() {
  if (program_) earlier_log_ = log();
  program_ = std::make_unique<Program>(
      Arguments{"run", "--config", config().string(), "--state", state().string(), "--log-level", "debug"}, more_);
  const bool answers = eventually([&] { return !running() || ask({"status", "--json"}).code == 0; });
  if (!answers || !running()) ADD_FAILURE() << "the daemon did not start:\n" << program_->err();
}

int Daemon::stop() {
  program_->signal(SIGTERM);
  const auto code = program_->wait();
  if (!code) ADD_FAILURE() << "the daemon did not stop:\n" << program_->err();
  return code.value_or(-1);
}

void Daemon::kill() {
  program_->signal(SIGKILL);
  program_->wait();
}

std::string Daemon::log() const {
  return earlier_log_ + (program_ ? program_->err() + program_->out() : "");
}

Ended Daemon::ask(Arguments arguments) const {
  for (const auto& word : {std::string("--config"), config().string(), std::string("--state"), state().string()})
    arguments.push_back(word);
  return run(arguments, more_);
}

Json Daemon::status(const std::string& id) const {
  const auto said = ask(id.empty() ? Arguments{"status", "--json"} : Arguments{"status", id, "--json"});
  EXPECT_EQ(said.code, 0) << said.err;
  const auto list = Json::parse(said.out, nullptr, false);
  EXPECT_TRUE(list.is_array()) << said.out;
  if (!list.is_array() || id.empty()) return list;
  return list.empty() ? Json() : list.front();
}

bool Daemon::reaches(const std::string& id, const std::function<bool(const Json&)>& holds, milliseconds time) const {
  return eventually([&] { return holds(status(id)); }, time);
}

}  // namespace vhookd::testing
