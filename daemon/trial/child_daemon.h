// `vhookd run` as a child process, for trying out how it dies. Not thread-safe.
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
    std::string log;       // its standard output and error are added to this file
    std::string crash_at;  // VHOOKD_CRASH_AT; empty: none
    bool once = false;
  };
  // The same program as this process runs. It ends with this process at the latest. Throws
  // std::runtime_error where the system has no process to give.
  explicit ChildDaemon(const Options& options);
  ~ChildDaemon();  // killed where it still runs
  ChildDaemon(const ChildDaemon&) = delete;
  ChildDaemon& operator=(const ChildDaemon&) = delete;

  void signal(int number) const;
  // Its exit code, or minus the signal that ended it; none where it still runs after `time`.
  std::optional<int> wait(std::chrono::milliseconds time);

 private:
  pid_t pid_ = -1;
  int handle_ = -1;
  std::optional<int> code_;
};

}  // namespace vhookd
