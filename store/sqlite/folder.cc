#include "store/sqlite/folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace vhookd {
namespace {

std::unexpected<Error> refused(const std::string& folder, const char* what, int code) {
  const auto recourse =
      code == ENOSPC || code == EDQUOT || code == EMFILE || code == ENFILE ? Recourse::retry : Recourse::ask_operator;
  std::string text = "state folder " + folder + " " + what + ": " + std::strerror(code);
  if (recourse == Recourse::ask_operator)
    text +=
        ". Give it to the user vhookd runs as, on a file system mounted read-write, or name another one (state: in the "
        "YAML, --state)";
  return fail(recourse, std::move(text));
}

// A new folder is lost in a power cut unless its parent is synced.
void sync_folder(const std::string& folder) {
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return;
  ::fsync(file);
  ::close(file);
}

Result<void> make_folder(const std::string& folder) {
  std::size_t end = 0;
  while (end != std::string::npos) {
    end = folder.find('/', end + 1);
    const std::string part = folder.substr(0, end);
    if (::mkdir(part.c_str(), 0700) == 0) {
      const auto slash = part.rfind('/');
      sync_folder(slash == std::string::npos ? "." : part.substr(0, slash + 1));
    } else if (const int code = errno; code != EEXIST) {
      struct stat facts {};
      if (::stat(part.c_str(), &facts) == 0) continue;  // it exists; only its parent is not writable
      return refused(folder, "can't be created", code);
    }
  }
  struct stat facts {};
  if (::stat(folder.c_str(), &facts) == 0 && !S_ISDIR(facts.st_mode)) {
    return refused(folder, "is not a folder", ENOTDIR);
  }
  return {};
}

std::string pid_in(int file) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(file, text.data(), text.size(), 0);
  std::string pid(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  pid.erase(std::min(pid.find('\n'), pid.size()));
  return pid.empty() ? "unknown" : pid;
}

}  // namespace

Result<FolderLock> FolderLock::take(const std::string& folder) {
  if (folder.empty())
    return fail(Recourse::ask_operator, "no state folder is configured: set state: in the YAML or give --state");
  if (auto made = make_folder(folder); !made) return std::unexpected(made.error());
  const int file = ::open((folder + "/state.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return refused(folder, "can't be written to", errno);
  FolderLock lock(file);
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (const int code = errno; code != EWOULDBLOCK) return refused(folder, "can't be locked", code);
    return fail(Recourse::ask_operator,
                "state folder " + folder + " is in use by another vhookd (pid " + pid_in(file) + ")");
  }
  // Only the lock matters; on a full disk the pid is missing from the message.
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file, 0) == 0) (void)!::pwrite(file, pid.data(), pid.size(), 0);
  return lock;
}

FolderLock::~FolderLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace vhookd
