#include "store/sqlite/state_file.h"

#include "store/sqlite/sweep.h"

namespace vhookd {

std::vector<Result<void>> StateFile::write(Term writer, std::span<const Committer::Job> jobs) {
  if (writer == term) return committer_.commit(jobs);
  const auto fenced =
      fail(Recourse::fenced, "state file " + path_ + ": a write under term " + std::to_string(writer.number) +
                                 " was refused, the current term is " + std::to_string(term.number) +
                                 ". Another writer has taken over and continues from what is stored; "
                                 "nothing was changed, and nothing has to be done");
  return std::vector<Result<void>>(jobs.size(), fenced);
}

void StateFile::sweep_some() {
  if (!stale_.exchange(false)) return;  // the thread that clears the flag sweeps
  bool more = true;
  const auto swept = write(term, [&](Connection& db) -> Result<void> {
    more = sweep_part(db, 0);
    return {};
  });
  if (!swept || more) stale_ = true;
}

}  // namespace vhookd
