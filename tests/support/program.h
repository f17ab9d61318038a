// The built program as a child process: what it prints, how it ends, and a daemon of it with a folder of its own.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace vhookd::testing {

using Json = nlohmann::ordered_json;
using Arguments = std::vector<std::string>;
using Environment = std::map<std::string, std::string>;

// Far more than anything here needs on a loaded machine; a test that waits this long has failed.
constexpr std::chrono::seconds timeout(30);

// Asks until it holds or `time` has passed; whether it held.
bool eventually(const std::function<bool()>& holds, std::chrono::milliseconds time = timeout);

std::string read_file(const std::filesystem::path& path);

class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// vhookd as a child; killed and reaped at the end if it still runs.
class Program {
 public:
  // The environment is the test's own less what steers vhookd, and `more`.
  explicit Program(const Arguments& arguments, const Environment& more = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  // Its exit code, or minus the signal that ended it; none where it still runs after `time`.
  std::optional<int> wait(std::chrono::milliseconds time = timeout);
  bool running();
  bool dumped_core() const { return dumped_core_; }  // known once it has ended

  // What it has printed so far.
  std::string out() const { return read_file(folder_.path() / "out"); }
  std::string err() const { return read_file(folder_.path() / "err"); }
  bool says(const std::string& words, std::chrono::milliseconds time = timeout) const;  // on either stream

 private:
  TempFolder folder_;
  pid_t pid_ = -1;
  int pidfd_ = -1;
  std::optional<int> code_;
  bool dumped_core_ = false;
};

struct Ended {
  int code = -1;
  std::string out, err;
};
Ended run(const Arguments& arguments, const Environment& more = {}, std::chrono::milliseconds time = timeout);

// A daemon with a configuration, a state folder and a control socket of its own.
class Daemon {
 public:
  explicit Daemon(const std::string& yaml, Environment more = {}) : more_(std::move(more)) { configure(yaml); }
  ~Daemon();  // says the log where the test has failed

  // The file's text; `api: {listen: off}` is put before it where it says nothing of api.
  void configure(const std::string& yaml) const;
  void start();  // returns once it answers
  int stop();    // SIGTERM; its exit code
  void kill();   // SIGKILL
  Program& program() { return *program_; }
  bool running() { return program_ && program_->running(); }

  const std::filesystem::path& folder() const { return folder_.path(); }
  std::filesystem::path config() const { return folder() / "vhookd.yaml"; }
  std::filesystem::path state() const { return folder() / "state"; }
  std::string log() const;  // of all its lives

  Ended ask(Arguments arguments) const;           // vhookd ARGUMENTS, told of this daemon
  Json status(const std::string& id = "") const;  // of one webhook, or the list of all
  bool reaches(const std::string& id, const std::function<bool(const Json&)>& holds,
               std::chrono::milliseconds time = timeout) const;
  // Polls now. True: the run went well.
  bool trigger(const std::string& id) const { return ask({"trigger", id}).code == 0; }

 private:
  TempFolder folder_;
  Environment more_;
  std::unique_ptr<Program> program_;
  std::string earlier_log_;
};

}  // namespace vhookd::testing
