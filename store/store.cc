#include "store/store.h"

#include "store/sqlite/sqlite_store.h"

namespace vhookd {

Result<std::unique_ptr<Store>> open_store(const std::string& folder, const Clock& clock) {
  return SqliteStore::open(folder, clock);
}

}  // namespace vhookd
