// The store in one SQLite file, state.db, in the state folder: one connection, WAL, synchronous=FULL. The formats of
// its tables are documented in store/sqlite/schema.h. Writes of several threads share a transaction and its fsync
// (store/sqlite/committer.h).
#pragma once

#include <memory>
#include <string>

#include "store/sqlite/roles.h"
#include "store/sqlite/state_file.h"
#include "store/store.h"

namespace vhookd {

class SqliteStore final : public Store {
 public:
  // See open_store.
  static Result<std::unique_ptr<SqliteStore>> open(const std::string& folder, const Clock& clock);
  SqliteStore(std::shared_ptr<StateFile> file, Term term);

  WebhookRecords& records() override { return records_; }
  PollState& polls() override { return polls_; }
  Outbox& outbox() override { return outbox_; }
  Replays& replays() override { return replays_; }
  Definitions& definitions() override { return definitions_; }
  Term term() const override { return writer_.term(); }
  std::string path() const override { return file_->path(); }
  std::int64_t bytes() const override;

  // The same open file for a writer of another term. The file is closed with the last of its stores.
  std::unique_ptr<SqliteStore> under(Term term) const { return std::make_unique<SqliteStore>(file_, term); }

 private:
  std::shared_ptr<StateFile> file_;  // shared with the stores that under() made
  StateWriter writer_;
  SqliteRecords records_{writer_};
  SqlitePollState polls_{writer_};
  SqliteOutbox outbox_{writer_};
  SqliteReplays replays_{writer_};
  SqliteDefinitions definitions_{writer_};
};

}  // namespace vhookd
