#include "store/sqlite/schema.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/crash_point.h"
#include "store/sqlite/migrations.h"

namespace vhookd {
namespace {

constexpr std::int64_t application_id = 0x76686b64;  // "vhkd"
constexpr std::int64_t quick_check_max_bytes = 512LL << 20;

std::int64_t one_integer(Connection& db, std::string_view sql) {
  Select query(db, sql);
  return query.next() ? query.integer(0) : 0;
}

std::string one_text(Connection& db, std::string_view sql) {
  Select query(db, sql);
  return query.next() ? query.bytes(0) : std::string();
}

// SQLite would create a file that everybody can read.
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

// REQUIRES: only locking_mode was set so far; the database of another program is left unchanged.
Result<int> check_version(Connection& db, const std::string& path) {
  const auto version = one_integer(db, "PRAGMA user_version");
  const auto application = one_integer(db, "PRAGMA application_id");
  const auto tables = one_integer(db, "SELECT count(*) FROM sqlite_schema");
  if (auto read = db.outcome(); !read) return std::unexpected(read.error());
  if (application != application_id && (application != 0 || version != 0 || tables != 0)) {
    return fail(
        Recourse::ask_operator,
        path + " is a database of another program. Configure another state folder (state: in the YAML, --state)");
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
  db.script("PRAGMA page_size = " + std::to_string(page_bytes));
  const std::string mode = one_text(db, "PRAGMA journal_mode = WAL");
  db.script("PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = OFF");
  // Statement journals must not need a temporary file, whose disk may be full too.
  db.script("PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192; PRAGMA journal_size_limit = 67108864");
  // Debian's default overwrites deleted data, which would write every page of a delivered body once more.
  db.script("PRAGMA secure_delete = FAST");
  if (auto done = db.outcome(); !done) return done;
  if (mode == "wal") return {};
  return fail(Recourse::ask_operator, "state file " + path + " can't be kept in WAL mode here (it stays in " + mode +
                                          "). Move the state folder to a local file system");
}

Result<void> migrate(Connection& db, int version) {
  for (; version < schema_version; ++version) {
    db.script("BEGIN IMMEDIATE");
    migrations[static_cast<std::size_t>(version)](db);
    db.script("PRAGMA application_id = " + std::to_string(application_id));
    db.script("PRAGMA user_version = " + std::to_string(version + 1));
    crash_point(CrashPoint::mid_migration);
    db.script("COMMIT");
    auto done = db.outcome();
    if (done) continue;
    if (db.in_transaction()) db.script("ROLLBACK");
    (void)db.outcome();  // the first error is reported
    return done;
  }
  return {};
}

Result<void> quick_check(Connection& db, const std::string& path) {
  const std::string verdict = one_text(db, "PRAGMA quick_check(1)");
  if (auto read = db.outcome(); !read) return read;
  if (verdict == "ok") return {};
  return fail(
      Recourse::ask_operator,
      "state file " + path + " is damaged (" + verdict +
          "). Restore the state folder from a backup; or move state.db and state.db-wal away, which starts every "
          "webhook as if it were new and loses the pages not yet delivered");
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
