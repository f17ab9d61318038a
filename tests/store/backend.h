// What an implementation of the store provides for the cases in tests/store. They are one library; a test program links
// it with the sources of one backend, and runs every case against it.
#pragma once

#include <memory>

#include "core/clock.h"
#include "core/error.h"
#include "store/store.h"

namespace vhookd::testing {

// A place for state, empty at first and removed with the backend.
class StoreBackend {
 public:
  StoreBackend() = default;
  virtual ~StoreBackend() = default;
  StoreBackend(const StoreBackend&) = delete;
  StoreBackend& operator=(const StoreBackend&) = delete;

  // Opens the state as a new process would. REQUIRES: no store of this backend is open.
  virtual Result<std::unique_ptr<Store>> open(const Clock& clock) = 0;
  // The same state as that of `store`, for a writer whose term is not the current one.
  virtual std::unique_ptr<Store> fenced(Store& store) = 0;
};

// Defined by each backend.
std::unique_ptr<StoreBackend> make_backend();

}  // namespace vhookd::testing
