// Role of the store: pages that wait to be delivered, and dead pages.
//
// Each webhook has one queue, ordered by sequence. Its first page is delivered, or dies, before the next is sent.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "core/page.h"

namespace vhookd {

// A queued page with what delivery needs to continue with it.
struct QueuedPage {
  std::string webhook_id;
  Page page;
  int attempts = 0;
  std::optional<Instant> first_attempt_at;
  Instant queued_at;
  Instant not_before;      // of the next attempt; 1970 means at once
  std::string last_error;  // of the last attempt; empty before the first
  int rejections = 0;      // successive attempts that the receiver refused because of the page's content
  bool part = false;       // made by a split
  bool replayed = false;   // was dead, and is sent again on request
};

// State of a queue's first page after at least one failed attempt.
struct Retrying {
  std::uint64_t sequence = 0;
  int attempts = 0;
  Instant not_before;  // of the next attempt
  std::string error;   // of the last attempt
};

struct DeadPage {
  std::string webhook_id;
  Page page;
  int attempts = 0;
  Instant queued_at;
  Instant died_at;
  std::string error;  // the last answer
};

// What a dead page means for the pages after it. isolated: the one record that a receiver refuses, found by
// splitting; the next page takes over its number, so that delivered pages are numbered without a gap.
enum class Death { holding, passed_over, isolated };

// How long, and how many bytes of, delivered pages are kept for replay: of one webhook and in total. Nothing is kept
// if one of them is 0.
struct Keep {
  std::chrono::milliseconds time{0};
  std::int64_t bytes = 0;
  std::int64_t bytes_in_all = 0;
};

// The receiver answered 2xx to a queued page.
struct Receipt {
  std::string webhook_id;
  std::uint64_t sequence = 0;
  Keep keep;
};

// Writes that name a page that is not queued give up. Results, errors and threads: store/store.h.
class Outbox {
 public:
  virtual ~Outbox() = default;

  virtual Result<std::optional<QueuedPage>> head(const std::string& id) = 0;  // first page of the queue
  // State of the first page; none where it was not tried yet.
  virtual Result<std::optional<Retrying>> retrying(const std::string& id) = 0;
  virtual Result<std::vector<std::string>> with_queue() = 0;  // ids that have queued pages
  virtual Result<std::int64_t> bytes() = 0;                   // of all queued bodies
  virtual Result<std::int64_t> pages() = 0;                   // how many are queued

  // One result for each receipt, in their order; a refused one does not affect the others. One commit if all can be
  // stored. Prunes kept pages as Replays::prune does.
  virtual std::vector<Result<void>> delivered(std::span<const Receipt> receipts) = 0;
  Result<void> delivered(const std::string& id, std::uint64_t sequence, const Keep& keep = {}) {
    const Receipt receipt{.webhook_id = id, .sequence = sequence, .keep = keep};
    return delivered(std::span(&receipt, 1)).front();
  }
  // Counts a failed attempt. `rejected`: see QueuedPage::rejections.
  virtual Result<void> attempt_failed(const std::string& id, std::uint64_t sequence, Instant not_before,
                                      const std::string& error, bool rejected = false) = 0;
  // Counts the last attempt and takes the page out of the queue.
  virtual Result<void> page_died(const std::string& id, std::uint64_t sequence, const std::string& error,
                                 Death death = Death::holding) = 0;
  // Replaces a page by two, with its own sequence and the next; the sequences of the pages after it increase by one.
  // give_up: a page after it was sent already, so that it can't be renumbered; nothing was changed.
  virtual Result<void> split(const std::string& id, std::uint64_t sequence, const Page& first, const Page& second) = 0;

  virtual Result<std::vector<DeadPage>> dead(const std::string& id) = 0;  // by sequence, with bodies
  virtual Result<void> drop_dead(const std::string& id, const std::string& page_id) = 0;
};

}  // namespace vhookd
