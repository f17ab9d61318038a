#include "connectors/sqlite/errors.h"

#include <sqlite3.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace vhookd::sqlite {

namespace {

std::string folder_of(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}

// A database in WAL mode is read through its -shm file, which must be there or be made.
std::string wal_mend(const std::string& path) {
  return "if it is in WAL mode, let vhookd's user write to " + folder_of(path) +
         ", where SQLite keeps the -wal and -shm files, or keep a program that writes to it running";
}

bool out_of_files(int system_errno) {
  return system_errno == EMFILE || system_errno == ENFILE;
}

struct Judgement {
  Recourse recourse;
  std::string mend = {};
};

Judgement judge_readonly(int code, const std::string& path) {
  switch (code) {
    case SQLITE_READONLY_ROLLBACK:
      return {Recourse::ask_operator, "a program that wrote to it ended halfway: open it once with one that may write"};
    case SQLITE_READONLY_RECOVERY:
    case SQLITE_READONLY_CANTINIT:
    case SQLITE_READONLY_CANTLOCK:
    case SQLITE_READONLY_DIRECTORY:
      return {Recourse::ask_operator, wal_mend(path)};
    case SQLITE_READONLY_DBMOVED:
      return {Recourse::reconnect};
    default:
      return {Recourse::give_up};  // a statement that writes
  }
}

// SQLITE_ERROR is for everything about the statement; only the words tell a lost table from a slip.
Judgement judge_statement(std::string_view words) {
  for (const std::string_view lost : {"no such ", "malformed database schema", "unsupported file format"})
    if (words.starts_with(lost)) return {Recourse::ask_operator};
  return {Recourse::give_up};
}

Judgement judge(int code, std::string_view words, int system_errno, const std::string& path) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Recourse::retry, "another process holds it for writing"};
    case SQLITE_SCHEMA:
    case SQLITE_PROTOCOL:
    case SQLITE_NOMEM:
    case SQLITE_INTERRUPT:
      return {Recourse::retry};
    case SQLITE_IOERR:
      return {Recourse::reconnect};
    case SQLITE_CANTOPEN:
      if (out_of_files(system_errno)) return {Recourse::reconnect, "too many open files"};
      return {Recourse::ask_operator, wal_mend(path)};
    case SQLITE_READONLY:
      return judge_readonly(code, path);
    case SQLITE_NOTADB:
      return {Recourse::ask_operator, "it is not an SQLite database, or it is encrypted"};
    case SQLITE_CORRUPT:
      return {Recourse::ask_operator,
              "the file is damaged: check it with PRAGMA integrity_check, restore it or .recover it"};
    case SQLITE_TOOBIG:
      return {Recourse::ask_operator, "a value is larger than vhookd takes: leave its column out with fields"};
    case SQLITE_FULL:
      return {Recourse::ask_operator, "no room for temporary files: free some in the temporary folder"};
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {Recourse::ask_operator};
    case SQLITE_ERROR:
      return judge_statement(words);
    default:
      return {Recourse::give_up};
  }
}

}  // namespace

Error error_from(int code, std::string_view words, int system_errno, const std::string& path) {
  const auto judgement = judge(code, words, system_errno, path);
  std::string message = path + ": " + std::string(words);
  const auto base = code & 0xff;
  if (system_errno != 0 && (base == SQLITE_IOERR || base == SQLITE_CANTOPEN))
    message += " (" + std::generic_category().message(system_errno) + ")";
  if (!judgement.mend.empty()) message += "; " + judgement.mend;
  return {judgement.recourse, std::move(message)};
}

}  // namespace vhookd::sqlite
