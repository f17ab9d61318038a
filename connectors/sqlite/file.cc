#include "connectors/sqlite/file.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "connectors/sqlite/errors.h"
#include "connectors/sqlite/range_hash.h"

namespace vhookd::sqlite {

namespace {

constexpr std::chrono::milliseconds busy_timeout = std::chrono::seconds(5);
constexpr int progress_ops = 4000;       // well under a millisecond of the virtual machine
constexpr int largest_value = 64 << 20;  // bytes; a damaged or hostile file must not ask for more

std::unexpected<Error> mend(const std::string& path, const std::string& what) {
  return fail(Recourse::ask_operator, path + ": " + what);
}

std::string words_of(int error) {
  return std::generic_category().message(error);
}

}  // namespace

Result<File::Identity> File::identify(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR) return mend(path, "no such file; vhookd does not create databases");
    if (error == EACCES) return mend(path, "can't be reached: let vhookd's user enter the folders above it");
    return fail(Recourse::reconnect, path + ": " + words_of(error));
  }
  // Opening a FIFO would wait for its writer.
  if (!S_ISREG(status.st_mode))
    return mend(path, S_ISDIR(status.st_mode) ? "is a folder, not a file" : "is not a regular file");
  return Identity{.device = status.st_dev, .inode = status.st_ino};
}

Result<std::unique_ptr<File>> File::open(const std::string& path, const ConnectOptions& options) {
  const auto identity = identify(path);
  if (!identity) return std::unexpected(identity.error());
  if (::faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) != 0)
    return mend(path, "may not be read (" + words_of(errno) + "): give vhookd's user read permission");

  std::unique_ptr<File> file(new File(path, options.statement_timeout));
  file->identity_ = *identity;
  const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &file->db_, flags, nullptr);
  if (code != SQLITE_OK) return std::unexpected(file->error(code));
  if (const auto same = file->check_same(); !same) return std::unexpected(same.error());
  if (const auto done = file->configure(); !done) return std::unexpected(done.error());
  return file;
}

File::~File() {
  sqlite3_close(db_);
}

Result<void> File::configure() {
  // The file is someone else's: its schema must not reach for anything, and what it says is checked.
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  // Else a quoted column that is gone would be answered with its own name as text (quirks.html, section 8).
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_limit(db_, SQLITE_LIMIT_LENGTH, largest_value);
  sqlite3_limit(db_, SQLITE_LIMIT_ATTACHED, 0);
  const auto wait = std::min(busy_timeout, timeout_);
  sqlite3_busy_timeout(db_, static_cast<int>(wait.count()));
  if (const int added = add_range_hash_functions(db_); added != SQLITE_OK) return std::unexpected(error(added));
  sqlite3_progress_handler(db_, progress_ops, &File::on_progress, this);
  const int code = sqlite3_exec(db_, "PRAGMA query_only = ON; PRAGMA cell_size_check = ON", nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return std::unexpected(error(code));
  return {};
}

Error File::error(int code) const {
  if (db_ == nullptr) return {Recourse::retry, path_ + ": out of memory"};
  if (code == SQLITE_INTERRUPT)
    return {Recourse::retry, path_ + ": the statement ran for more than " + std::to_string(timeout_.count()) +
                                 " ms (statement timeout) and was stopped"};
  return error_from(code, sqlite3_errmsg(db_), sqlite3_system_errno(db_), path_);
}

Result<void> File::check_same() const {
  const auto now = identify(path_);
  if (now && *now == identity_) return {};
  return fail(Recourse::reconnect, now ? path_ + ": another file has taken its place" : now.error().message);
}

bool File::may_write() const {
  return ::faccessat(AT_FDCWD, path_.c_str(), W_OK, AT_EACCESS) == 0;
}

void File::start_timeout() {
  deadline_ = SystemClock().tick() + timeout_;
}

int File::on_progress(void* self) {
  const auto* file = static_cast<const File*>(self);
  return SystemClock().tick() > file->deadline_ ? 1 : 0;
}

}  // namespace vhookd::sqlite
