#include "tests/store/sqlite/backend.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "store/sqlite/sqlite_store.h"

namespace vhookd::testing {

SqliteBackend::SqliteBackend() {
  std::string name = ::testing::TempDir() + "vhookd-store-XXXXXX";
  folder_ = ::mkdtemp(name.data());
}

SqliteBackend::~SqliteBackend() {
  std::filesystem::remove_all(folder_);
}

Result<std::unique_ptr<Store>> SqliteBackend::open(const Clock& clock) {
  return open_store(folder_, clock);
}

std::unique_ptr<Store> SqliteBackend::fenced(Store& store) {
  return dynamic_cast<SqliteStore&>(store).under(Term{store.term().number + 1});
}

std::unique_ptr<StoreBackend> make_backend() {
  return std::make_unique<SqliteBackend>();
}

void SqliteStoreTest::remove_files() {
  store_.reset();
  for (const char* name : {"/state.db", "/state.db-wal"}) std::filesystem::remove(folder_ + name);
}

void SqliteStoreTest::sql(const std::string& script) const {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(file().c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, script.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
  sqlite3_close(db);
}

}  // namespace vhookd::testing
