#include "store/sqlite/sqlite_store.h"

#include <filesystem>

#include "store/sqlite/schema.h"

namespace vhookd {

SqliteStore::SqliteStore(std::shared_ptr<StateFile> file, Term term) : file_(std::move(file)), writer_(*file_, term) {}

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::string& folder, const Clock& clock) {
  auto lock = FolderLock::take(folder);
  if (!lock) return std::unexpected(lock.error());
  auto db = open_state(folder);
  if (!db) return std::unexpected(db.error());
  auto file = std::make_shared<StateFile>(std::move(*lock), folder + "/state.db", clock, std::move(*db));
  file->sweep_some();
  return std::make_unique<SqliteStore>(std::move(file), StateFile::term);
}

std::int64_t SqliteStore::bytes() const {
  std::int64_t sum = 0;
  for (const auto& file : {path(), path() + "-wal"}) {
    std::error_code failed;
    const auto size = std::filesystem::file_size(file, failed);
    if (!failed) sum += static_cast<std::int64_t>(size);
  }
  return sum;
}

}  // namespace vhookd
