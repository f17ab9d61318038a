// What a poll reports while it runs, and what it asks whoever runs it. The engine implements this for the daemon; tests
// and benchmarks pass their own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace vhookd {

// Thread-safe: polls of several webhooks call it at the same time. No call may block for long: the poll's view of the
// database stays open meanwhile.
class PollObserver {
 public:
  PollObserver() = default;
  virtual ~PollObserver() = default;
  PollObserver(const PollObserver&) = delete;
  PollObserver& operator=(const PollObserver&) = delete;

  // A commit added pages to the outbox. Called on the thread that commits, see Poller::Options::commit_concurrently.
  virtual void pages_queued(const std::string& id) = 0;
  // Whether the outbox has room for more pages of this webhook.
  virtual bool may_queue(const std::string& id) = 0;
  // A part of a first sync was committed: `rows` more rows were read. `expected`: rows of the whole table, by the
  // database's estimate; none where that is not known, or where the part did not begin at the table's beginning.
  virtual void progressed(const std::string& id, std::int64_t rows, std::optional<std::int64_t> expected) = 0;
  // Whether the daemon is stopping: the poll then ends at the next row.
  virtual bool stopping() = 0;
  // The poll makes progress: called before each question to the database and with each commit.
  virtual void made_progress() = 0;
};

}  // namespace vhookd
