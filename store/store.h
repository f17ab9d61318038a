// The durable state of the daemon: checkpoints, known rows, outbox, runs, replays, definitions. Interfaces by role;
// store/sqlite/ implements them in one file. tests/store holds the cases that every implementation passes.
//
// Durability: a call that returns ok has stored its changes, and they survive a crash or a power cut. A call that
//   returns an error has changed nothing.
// Threads: every call may be made from any thread. Writes of several threads may share one transaction.
// Errors:
//   retry         no room, busy, I/O error: the same call may succeed later
//   ask_operator  read-only, damaged, written by a newer version, in use by another daemon: the text says what to do
//   give_up       the call contradicts what is stored, which is a fault in vhookd
//   fenced        another writer has taken over (below)
// Ids without state: WebhookRecords::make, set_paused and touch, PollState::webhook and Definitions::define create
//   it. Other reads find nothing, other writes give up. So a poll or a delivery that ends after
//   WebhookRecords::forget can't bring back half a webhook.
// Terms: a Store is bound to one term, and every write made through it or its roles carries that term. Once the state
//   has issued a later one, the write is refused as fenced. Work that began with one Store is to be finished, or
//   dropped, with the same Store: one taken out later may carry a later term, under which the work is not valid.
#pragma once

#include <memory>
#include <string>

#include "core/clock.h"
#include "core/error.h"
#include "store/definitions.h"
#include "store/outbox.h"
#include "store/poll_state.h"
#include "store/replays.h"
#include "store/term.h"
#include "store/webhook_records.h"

namespace vhookd {

// The roles live as long as their Store.
class Store {
 public:
  virtual ~Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  virtual WebhookRecords& records() = 0;
  virtual PollState& polls() = 0;
  virtual Outbox& outbox() = 0;
  virtual Replays& replays() = 0;
  virtual Definitions& definitions() = 0;

  virtual Term term() const = 0;           // under which it writes
  virtual std::string path() const = 0;    // of the file that holds the state
  virtual std::int64_t bytes() const = 0;  // the room the state takes on disk; 0 where it can't be read

 protected:
  Store() = default;
};

// Opens the state in `folder`, creating both if needed; brings the state up to date with this version, and locks it
// against a second daemon until the Store is destroyed. `clock` must outlive the Store.
Result<std::unique_ptr<Store>> open_store(const std::string& folder, const Clock& clock);

}  // namespace vhookd
