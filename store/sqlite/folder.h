// The state folder: made where missing, and locked against a second daemon.
#pragma once

#include <string>

#include "core/error.h"

namespace vhookd {

// Holds flock on `state.lock` in the folder for as long as it lives; the file says our pid. The kernel
// lets go when the process ends however it ends, so there is no stale lock to clean up. The file stays:
// unlinking it would let two daemons lock two files of the same name. flock rather than fcntl's record
// lock, which any close of the file in this process would drop.
class FolderLock {
 public:
  // Makes the folder (mode 0700, parents too). ask_operator: not writable, or in use.
  static Result<FolderLock> take(const std::string& folder);
  FolderLock(FolderLock&& other) noexcept : file_(other.file_) { other.file_ = -1; }
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int file) : file_(file) {}
  int file_;
};

}  // namespace vhookd
