// Runs `vhookd run` as a child process, for tests that kill it. Not thread-safe.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace vhookd {

class ChildDaemon {
 public:
  struct Options {
    std::string config;
    std::string state;
    std::string log;       // standard output and error are appended to this file
    std::string crash_at;  // VHOOKD_CRASH_AT; empty: none
    bool once = false;
  };
  // Starts the program that this process runs. The child is killed when this process ends. Throws std::runtime_error if
  // the process cannot be started.
  explicit ChildDaemon(const Options& options);
  ~ChildDaemon();  // kills the child if it still runs
  ChildDaemon(const ChildDaemon&) = delete;
  ChildDaemon& operator=(const ChildDaemon&) = delete;

  void signal(int number) const;
  // The exit code, or the negated number of the signal that ended it; nullopt if it still runs after `time`.
  std::optional<int> wait(std::chrono::milliseconds time);

 private:
  pid_t pid_ = -1;
  int handle_ = -1;
  std::optional<int> code_;
};

}  // namespace vhookd
