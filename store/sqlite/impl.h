// What stands behind Store. Its calls are spread by topic: webhooks.cc, polls.cc, known.cc, outbox.cc,
// replay.cc.
#pragma once

#include <atomic>
#include <concepts>
#include <memory>
#include <string>
#include <type_traits>

#include "core/guarded.h"
#include "store/sqlite/committer.h"
#include "store/sqlite/folder.h"
#include "store/store.h"

namespace vhookd {

struct Store::Impl {
  Impl(FolderLock held, std::string file, const Clock& time, std::unique_ptr<Connection> connection)
      : lock(std::move(held)), path(std::move(file)), clock(time), db(std::move(connection)), committer(db) {}

  // f(Connection&) gives a T; an error of the connection takes its place.
  template <class F>
  auto read(F&& f) -> Result<std::invoke_result_t<F, Connection&>> {
    return db.with([&](auto& connection) -> Result<std::invoke_result_t<F, Connection&>> {
      auto value = f(*connection);
      if (auto outcome = connection->outcome(); !outcome) return std::unexpected(std::move(outcome.error()));
      return value;
    });
  }
  Result<void> write(const Committer::Job& job) { return committer.commit(job); }

  // Deletes a bounded part of what old epochs and forgotten webhooks left, if any is left and nobody else is
  // at it. What fails is tried again after a later commit.
  void sweep_some();

  FolderLock lock;  // let go last
  std::string path;
  const Clock& clock;
  Guarded<std::unique_ptr<Connection>> db;
  Committer committer;
  std::atomic<bool> stale = false;  // there may be something to sweep
};

// One part of the sweep, in the transaction of the caller: of what `webhook` left, or for 0 of whatever
// stands first in `stale`. False: there was nothing. In known.cc.
bool sweep_part(Connection& db, std::int64_t webhook);

// The webhook's number; 0: it has no state. In webhooks.cc.
std::int64_t number_of(Connection& db, const std::string& id);
// What a write gets that names a webhook without state. Where the statement that looked for it failed,
// that error takes the place of this one.
std::unexpected<Error> no_state(const std::string& id);

// In known.cc: the part of a poll's commit that concerns the known rows of (webhook, epoch).
void write_known(Connection& db, std::int64_t webhook, const PollCommit& part);

// In outbox.cc: id, sequence, type, records and body of a page in the first five columns.
Page page_in(const Select& row);

// In replay.cc: deletes kept pages that are too old or too many, at most a bounded number; those asked for by a
// replay stay. 0 for `webhook`: only what is too old.
void prune_kept(Connection& db, std::int64_t webhook, const Keep& keep, Instant now);

}  // namespace vhookd
