// The open state file: the folder's lock, the connection and its committer. The roles of a SqliteStore share one.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "core/clock.h"
#include "core/guarded.h"
#include "store/sqlite/committer.h"
#include "store/sqlite/folder.h"
#include "store/term.h"

namespace vhookd {

// Thread-safe.
class StateFile {
 public:
  // The folder's lock keeps every other writer out for as long as the file is open, so one term is enough.
  static constexpr Term term{1};

  StateFile(FolderLock held, std::string path, const Clock& clock, std::unique_ptr<Connection> connection)
      : lock_(std::move(held)), path_(std::move(path)), clock_(clock), db_(std::move(connection)), committer_(db_) {}

  // Runs f(Connection&), which returns a T. An error of the connection replaces the result.
  template <class F>
  auto read(F&& f) -> Result<std::invoke_result_t<F, Connection&>> {
    return db_.with([&](auto& connection) -> Result<std::invoke_result_t<F, Connection&>> {
      auto value = f(*connection);
      if (auto outcome = connection->outcome(); !outcome) return std::unexpected(std::move(outcome.error()));
      return value;
    });
  }

  // Returns once the jobs are on disk; a job whose result is an error has changed nothing.
  // fenced: `writer` is not this file's term; none of the jobs was run.
  std::vector<Result<void>> write(Term writer, std::span<const Committer::Job> jobs);
  Result<void> write(Term writer, const Committer::Job& job) { return write(writer, std::span(&job, 1)).front(); }

  // Deletes a bounded part of what old epochs and forgotten webhooks left, if there is any and no other thread is
  // doing so. An error is ignored: a later call tries again.
  void sweep_some();
  // There may be something to sweep.
  void note_stale() { stale_ = true; }

  const std::string& path() const { return path_; }
  Instant now() const { return clock_.now(); }

 private:
  FolderLock lock_;  // released last
  std::string path_;
  const Clock& clock_;
  Guarded<std::unique_ptr<Connection>> db_;
  Committer committer_;
  std::atomic<bool> stale_ = true;
};

// The file as a writer of one term sees it. A value; the file must outlive it.
class StateWriter {
 public:
  StateWriter(StateFile& file, Term term) : file_(&file), term_(term) {}

  template <class F>
  auto read(F&& f) const {
    return file_->read(std::forward<F>(f));
  }
  std::vector<Result<void>> write(std::span<const Committer::Job> jobs) const { return file_->write(term_, jobs); }
  Result<void> write(const Committer::Job& job) const { return file_->write(term_, job); }

  StateFile& file() const { return *file_; }
  Term term() const { return term_; }
  Instant now() const { return file_->now(); }

 private:
  StateFile* file_;
  Term term_;
};

}  // namespace vhookd
