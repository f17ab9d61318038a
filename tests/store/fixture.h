// A state of its own for each test, a clock that stands still until it is moved, and short ways to make what the store
// takes.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/clock.h"
#include "store/store.h"
#include "tests/store/backend.h"

namespace vhookd::testing {

class StandingClock final : public Clock {
 public:
  Instant now() const override { return at; }
  Tick tick() const override { return Tick(at.time_since_epoch()); }
  Instant at{std::chrono::seconds(1'800'000'000)};
};

inline Page page(std::uint64_t sequence, const std::string& body = {}) {
  return {.id = "msg_" + std::to_string(sequence),
          .sequence = sequence,
          .type = PageType::virtual_,
          .records = 2,
          .body = body.empty() ? R"({"sequence":)" + std::to_string(sequence) + "}" : body};
}

inline Run finished(Instant at, int pages) {
  return {.started_at = at, .ok = true, .pages = pages, .records = 0, .duration_ms = 1, .error = {}};
}

inline KnownRow row(const std::string& key, std::int64_t mark = 0, char digest = 'd') {
  return {.key = key, .digest = std::string(16, digest), .mark = mark, .matched = true};
}

inline std::string key_of(int number) {
  const std::string digits = std::to_string(number);
  return std::string(8 - digits.size(), '0') + digits;
}

class StoreTest : public ::testing::Test {
 protected:
  explicit StoreTest(std::unique_ptr<StoreBackend> backend = make_backend()) : backend_(std::move(backend)) { open(); }

  // Opens the store, or closes it and opens it again.
  void open() {
    store_.reset();
    auto opened = backend_->open(clock_);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
  }
  void pass(Micros time) { clock_.at += time; }

  PollCommit part(const std::string& id, const std::string& checkpoint = "c") const {
    PollCommit part;
    part.webhook_id = id;
    part.fingerprint = "f";
    part.checkpoint = checkpoint;
    part.at = clock_.at;
    return part;
  }
  // Queues `count` pages after those already there.
  void queue(const std::string& id, int count) {
    const auto state = store_->polls().webhook(id);
    ASSERT_TRUE(state) << state.error().message;
    auto one = part(id);
    one.epoch = state->epoch;
    for (int i = 0; i < count; ++i) one.pages.push_back(page(state->next_sequence + static_cast<std::uint64_t>(i)));
    ok(store_->polls().commit(one));
  }
  // One known row; its key is looked up in a batch of its own.
  Result<std::optional<KnownRow>> known_row(const std::string& id, const std::string& key) {
    auto rows = store_->polls().known(id, std::span(&key, 1));
    if (!rows) return std::unexpected(rows.error());
    return std::move(rows->front());
  }
  // The first `limit` known rows with a key greater than `after`; an empty `after` starts at the first.
  Result<std::vector<KnownRow>> known_after(const std::string& id, const std::string& after, int limit) {
    return store_->polls().known_from(id, after.empty() ? after : after + '\0', limit);
  }

  template <class T>
  static void ok(const Result<T>& result) {
    ASSERT_TRUE(result) << result.error().message;
  }
  template <class T>
  static void refused(const Result<T>& result, Recourse recourse, const std::string& part_of_message) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().recourse, recourse) << result.error().message;
    EXPECT_NE(result.error().message.find(part_of_message), std::string::npos) << result.error().message;
  }

  StandingClock clock_;
  std::unique_ptr<StoreBackend> backend_;
  std::unique_ptr<Store> store_;  // after what it uses
};

}  // namespace vhookd::testing
