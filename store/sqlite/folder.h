// The state folder: created if needed, and locked against a second daemon.
#pragma once

#include <string>

#include "core/error.h"

namespace vhookd {

// Holds flock on `state.lock` in the folder as long as it lives; the file contains the pid. The kernel releases the
// lock when the process ends, however it ends, so there is no stale lock to clean up. The file is not deleted:
// unlinking it would let two daemons lock two files of the same name. flock, because any close of the file in this
// process would release a record lock of fcntl.
class FolderLock {
 public:
  // Creates the folder (mode 0700, parents too). retry: no room or no file descriptor left. ask_operator: not writable,
  // or in use.
  static Result<FolderLock> take(const std::string& folder);
  FolderLock(FolderLock&& other) noexcept : file_(other.file_) { other.file_ = -1; }
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int file) : file_(file) {}
  int file_;
};

}  // namespace vhookd
