#include "store/schema.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "core/crash_point.h"

namespace vhookd {
namespace {

constexpr std::int64_t application_id = 0x76686b64;  // "vhkd"
constexpr std::int64_t quick_check_max_bytes = 512LL << 20;

constexpr const char* tables_of_version_1 = R"sql(
CREATE TABLE webhook (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  epoch INTEGER NOT NULL DEFAULT 1,
  fingerprint BLOB NOT NULL DEFAULT x'',
  checkpoint BLOB NOT NULL DEFAULT x'',
  next_sequence INTEGER NOT NULL DEFAULT 1,
  paused INTEGER NOT NULL DEFAULT 0,
  paused_because TEXT NOT NULL DEFAULT '',
  healthy INTEGER NOT NULL DEFAULT 1,
  last_error TEXT NOT NULL DEFAULT '',
  failed_in_a_row INTEGER NOT NULL DEFAULT 0,
  checked_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  known_rows INTEGER NOT NULL DEFAULT 0,
  unmarked INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE outbox (
  webhook INTEGER PRIMARY KEY,
  queued_pages INTEGER NOT NULL DEFAULT 0,
  queued_bytes INTEGER NOT NULL DEFAULT 0,
  dead_pages INTEGER NOT NULL DEFAULT 0,
  last_delivery_at INTEGER
) STRICT;
INSERT INTO outbox (webhook) VALUES (0);
CREATE INDEX outbox_queued ON outbox (webhook) WHERE queued_pages > 0;

CREATE TABLE page (
  webhook INTEGER NOT NULL,
  state INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  id TEXT NOT NULL,
  type INTEGER NOT NULL,
  records INTEGER NOT NULL,
  body INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  queued_at INTEGER NOT NULL,
  first_attempt_at INTEGER,
  not_before INTEGER NOT NULL DEFAULT 0,
  died_at INTEGER,
  error TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (webhook, state, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE body (
  number INTEGER PRIMARY KEY,
  bytes BLOB NOT NULL
) STRICT;

CREATE TRIGGER page_added AFTER INSERT ON page BEGIN
  UPDATE outbox SET queued_pages = queued_pages + (NEW.state = 0),
                    queued_bytes = queued_bytes + (NEW.state = 0) * NEW.bytes,
                    dead_pages = dead_pages + (NEW.state = 1)
   WHERE webhook IN (0, NEW.webhook);
END;
CREATE TRIGGER page_moved AFTER UPDATE OF state ON page BEGIN
  UPDATE outbox SET queued_pages = queued_pages + (NEW.state = 0) - (OLD.state = 0),
                    queued_bytes = queued_bytes + ((NEW.state = 0) - (OLD.state = 0)) * NEW.bytes,
                    dead_pages = dead_pages + (NEW.state = 1) - (OLD.state = 1)
   WHERE webhook IN (0, NEW.webhook);
END;
CREATE TRIGGER page_gone AFTER DELETE ON page BEGIN
  UPDATE outbox SET queued_pages = queued_pages - (OLD.state = 0),
                    queued_bytes = queued_bytes - (OLD.state = 0) * OLD.bytes,
                    dead_pages = dead_pages - (OLD.state = 1)
   WHERE webhook IN (0, OLD.webhook);
  DELETE FROM body WHERE number = OLD.body;
END;

CREATE TABLE known (
  webhook INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  key BLOB NOT NULL,
  digest BLOB NOT NULL,
  mark INTEGER NOT NULL,
  matched INTEGER NOT NULL,
  PRIMARY KEY (webhook, epoch, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX known_mark ON known (webhook, epoch, mark) WHERE mark <> 0;

CREATE TABLE run (
  webhook INTEGER NOT NULL,
  number INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  ok INTEGER NOT NULL,
  pages INTEGER NOT NULL,
  records INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  error TEXT NOT NULL,
  PRIMARY KEY (webhook, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE stale (
  webhook INTEGER PRIMARY KEY,
  below_epoch INTEGER NOT NULL
) STRICT;
)sql";

constexpr const char* tables_of_version_2 = R"sql(
CREATE TABLE definition (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  json TEXT NOT NULL
) STRICT;
)sql";

constexpr const char* ranges_of_version_3 = R"sql(
CREATE TABLE known_range (
  webhook INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  first BLOB NOT NULL,
  rows INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  PRIMARY KEY (webhook, epoch, first)
) STRICT, WITHOUT ROWID;
)sql";

// migrations[v] takes version v to v + 1.
constexpr std::array<const char*, schema_version> migrations = {
    tables_of_version_1, tables_of_version_2, ranges_of_version_3};

std::int64_t one_integer(Connection& db, std::string_view sql) {
  Select query(db, sql);
  return query.next() ? query.integer(0) : 0;
}

std::string one_text(Connection& db, std::string_view sql) {
  Select query(db, sql);
  return query.next() ? query.bytes(0) : std::string();
}

// SQLite would make the file readable by all.
Result<void> make_private_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    const int code = errno;
    const auto recourse = code == ENOSPC || code == EDQUOT ? Recourse::retry : Recourse::ask_operator;
    return fail(recourse,
                "state file " + path + " can't be opened for writing: " + std::strerror(code) +
                    ". Give it and its folder to the user vhookd runs as, on a file system mounted read-write");
  }
  struct stat facts {};
  if (::fstat(file, &facts) == 0 && (facts.st_mode & 0077) != 0) ::fchmod(file, 0600);
  ::close(file);
  return {};
}

std::int64_t size_of(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 ? static_cast<std::int64_t>(facts.st_size) : 0;
}

// REQUIRES: nothing but locking_mode was set yet; a file that is not ours is left as it is.
Result<int> check_version(Connection& db, const std::string& path) {
  const auto version = one_integer(db, "PRAGMA user_version");
  const auto application = one_integer(db, "PRAGMA application_id");
  const auto tables = one_integer(db, "SELECT count(*) FROM sqlite_schema");
  if (auto read = db.outcome(); !read) return std::unexpected(read.error());
  if (application != application_id && (application != 0 || version != 0 || tables != 0)) {
    return fail(Recourse::ask_operator, path + " is a database of another program. Name another state folder");
  }
  if (version > schema_version) {
    return fail(Recourse::ask_operator,
                "state file " + path + " has schema " + std::to_string(version) +
                    ", this vhookd " VHOOKD_VERSION " knows up to " + std::to_string(schema_version) +
                    ": install the newer vhookd that wrote it, or restore the copy of the state folder made before the "
                    "upgrade");
  }
  return static_cast<int>(version);
}

Result<void> set_up(Connection& db, const std::string& path) {
  const std::string mode = one_text(db, "PRAGMA journal_mode = WAL");
  db.script("PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = OFF");
  // Statement journals must not need a temporary file: that is one more place to be full.
  db.script("PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32768; PRAGMA journal_size_limit = 67108864");
  // Debian's default overwrites what is deleted, which would write every page of a delivered body once more.
  db.script("PRAGMA secure_delete = FAST");
  if (auto done = db.outcome(); !done) return done;
  if (mode == "wal") return {};
  return fail(Recourse::ask_operator, "state file " + path + " can't be kept in WAL mode here (it stays in " + mode +
                                          "). Put the state folder on a local file system");
}

Result<void> migrate(Connection& db, int version) {
  for (; version < schema_version; ++version) {
    db.script("BEGIN IMMEDIATE");
    db.script(migrations[static_cast<std::size_t>(version)]);
    db.script("PRAGMA application_id = " + std::to_string(application_id));
    db.script("PRAGMA user_version = " + std::to_string(version + 1));
    crash_point(CrashPoint::mid_migration);
    db.script("COMMIT");
    auto done = db.outcome();
    if (done) continue;
    if (db.in_transaction()) db.script("ROLLBACK");
    (void)db.outcome();  // the first error is the one that counts
    return done;
  }
  return {};
}

Result<void> quick_check(Connection& db, const std::string& path) {
  const std::string verdict = one_text(db, "PRAGMA quick_check(1)");
  if (auto read = db.outcome(); !read) return read;
  if (verdict == "ok") return {};
  return fail(Recourse::ask_operator,
              "state file " + path + " is damaged (" + verdict +
                  "). Restore the state folder from a backup; or move state.db and state.db-wal away to begin anew, "
                  "which starts every webhook as if new and loses the pages not yet delivered");
}

}  // namespace

Result<std::unique_ptr<Connection>> open_state(const std::string& folder) {
  const std::string path = folder + "/state.db";
  const bool unclean = size_of(path + "-wal") > 0;
  if (auto made = make_private_file(path); !made) return std::unexpected(made.error());
  auto db = Connection::open(path);
  if (!db) return db;
  (*db)->script("PRAGMA busy_timeout = 2000; PRAGMA locking_mode = EXCLUSIVE");
  const auto version = check_version(**db, path);
  if (!version) return std::unexpected(version.error());
  if (auto ready = set_up(**db, path); !ready) return std::unexpected(ready.error());
  if (unclean && size_of(path) <= quick_check_max_bytes) {
    if (auto sound = quick_check(**db, path); !sound) return std::unexpected(sound.error());
  }
  if (auto migrated = migrate(**db, *version); !migrated) return std::unexpected(migrated.error());
  return db;
}

}  // namespace vhookd
