// The store in a state folder of its own, and a fixture for the cases that concern its files.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "tests/store/backend.h"
#include "tests/store/fixture.h"

namespace vhookd::testing {

class SqliteBackend final : public StoreBackend {
 public:
  SqliteBackend();
  ~SqliteBackend() override;
  Result<std::unique_ptr<Store>> open(const Clock& clock) override;
  std::unique_ptr<Store> fenced(Store& store) override;
  const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
};

class SqliteStoreTest : public StoreTest {
 protected:
  SqliteStoreTest() : folder_(dynamic_cast<const SqliteBackend&>(*backend_).folder()) {}

  std::string file() const { return folder_ + "/state.db"; }
  // Closes the store and removes its files.
  void remove_files();
  // Runs statements on the file, and on a new one if it was removed. REQUIRES: the store is closed.
  void sql(const std::string& script) const;

  const std::string folder_;
};

}  // namespace vhookd::testing
