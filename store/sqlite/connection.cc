#include "store/sqlite/connection.h"

#include <sqlite3.h>

#include <cstring>

namespace vhookd {
namespace {

std::string text_of(int code, int system_errno, const char* message) {
  std::string text = message != nullptr && *message != '\0' ? message : sqlite3_errstr(code);
  if (system_errno != 0) text += std::string(" (") + std::strerror(system_errno) + ")";
  return text;
}

constexpr std::string_view damaged_advice =
    " is damaged. Stop vhookd and restore the state folder from a backup; or move state.db and state.db-wal away, "
    "which starts every webhook as if it were new and loses the pages not yet delivered";

// Damage reported by the file system counts as a damaged file.
Error error_of(const std::string& path, int code, const std::string& cause) {
  const std::string file = "state file " + path;
  const std::string because = ": " + cause;
  if (code == SQLITE_IOERR_CORRUPTFS || code == SQLITE_IOERR_DATA) {
    return {Recourse::ask_operator, file + std::string(damaged_advice) + because};
  }
  switch (code & 0xff) {
    case SQLITE_FULL:
      return {Recourse::retry, file +
                                   ": no room left on its disk; nothing was changed. vhookd continues by itself once "
                                   "there is room" +
                                   because};
    case SQLITE_IOERR:
      return {Recourse::retry, file + " could not be read or written; nothing was changed" + because};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Recourse::retry, file + " is held open by another program (sqlite3, a backup?); close it" + because};
    case SQLITE_NOMEM:
      return {Recourse::retry, file + ": no memory left; nothing was changed" + because};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {Recourse::ask_operator, file + std::string(damaged_advice) + because};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
      return {Recourse::ask_operator,
              file +
                  " can't be opened for writing. Give it and its folder to the user vhookd runs as, on a file "
                  "system mounted read-write" +
                  because};
    default:
      return {Recourse::give_up, file + because};
  }
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path) {
  // Memory statistics would take a process-wide mutex for each allocation. SQLite refuses this once it is in use,
  // which does not matter.
  static const int uncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)uncounted;
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  auto db = std::make_unique<Connection>(handle, path);
  if (code != SQLITE_OK) {
    db->note(code);
    return std::unexpected(db->outcome().error());
  }
  // Otherwise SQLite plans a statement with `state = ?` again each time a value is bound, because there are partial
  // indexes over state: that cost more than everything else in a delivery.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_QPSG, 1, nullptr);
  return db;
}

Connection::~Connection() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

void Connection::note(int code) {
  if (error_) return;
  const int system_errno = handle_ != nullptr ? sqlite3_system_errno(handle_) : 0;
  const bool from_system = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN;
  const char* message = handle_ != nullptr ? sqlite3_errmsg(handle_) : nullptr;
  error_ = error_of(path_, code, text_of(code, from_system ? system_errno : 0, message));
}

void Connection::note_damage() {
  if (!error_) error_ = error_of(path_, SQLITE_CORRUPT, sqlite3_errstr(SQLITE_CORRUPT));
}

Result<void> Connection::outcome() {
  if (!error_) return {};
  Error error = std::move(*error_);
  error_.reset();
  return std::unexpected(std::move(error));
}

bool Connection::in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}

std::int64_t Connection::last_number() const {
  return sqlite3_last_insert_rowid(handle_);
}

sqlite3_stmt* Connection::prepared(std::string_view sql) {
  if (error_) return nullptr;
  if (const auto kept = statements_.find(sql.data()); kept != statements_.end()) return kept->second;
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &statement, nullptr);
  if (code != SQLITE_OK) {
    note(code);
    return nullptr;
  }
  statements_.emplace(sql.data(), statement);
  return statement;
}

bool Connection::step(sqlite3_stmt* statement) {
  if (error_) return false;
  const int code = sqlite3_step(statement);
  if (code != SQLITE_ROW && code != SQLITE_DONE) note(code);
  return code == SQLITE_ROW;
}

std::int64_t Connection::finish(sqlite3_stmt* statement) {
  while (step(statement)) {
  }
  const std::int64_t changed = error_ ? 0 : sqlite3_changes64(handle_);
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return changed;
}

void Connection::script(const std::string& sql) {
  if (error_) return;
  if (const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr); code != SQLITE_OK) note(code);
}

void Connection::bind_integer(sqlite3_stmt* statement, int index, std::int64_t value) {
  if (const int code = sqlite3_bind_int64(statement, index, value); code != SQLITE_OK) note(code);
}

void Connection::bind(sqlite3_stmt* statement, int index, std::string_view text, bool copy) {
  const char* data = text.empty() ? "" : text.data();
  const int code =
      sqlite3_bind_text64(statement, index, data, text.size(), copy ? SQLITE_TRANSIENT : SQLITE_STATIC, SQLITE_UTF8);
  if (code != SQLITE_OK) note(code);
}

void Connection::bind(sqlite3_stmt* statement, int index, Blob blob, bool copy) {
  const char* data = blob.bytes.empty() ? "" : blob.bytes.data();  // a null pointer would bind NULL
  const int code =
      sqlite3_bind_blob64(statement, index, data, blob.bytes.size(), copy ? SQLITE_TRANSIENT : SQLITE_STATIC);
  if (code != SQLITE_OK) note(code);
}

Select::~Select() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

bool Select::next() {
  return statement_ != nullptr && db_.step(statement_);
}

std::int64_t Select::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string Select::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return size == 0 ? std::string() : std::string(static_cast<const char*>(data), size);
}

bool Select::null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

Instant Select::instant(int column) const {
  return Instant(Micros(integer(column)));
}

std::optional<Instant> Select::maybe_instant(int column) const {
  if (null(column)) return std::nullopt;
  return instant(column);
}

}  // namespace vhookd
