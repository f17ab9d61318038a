// The roles of the store over the state file. Each holds a StateWriter, whose file must outlive it.
#pragma once

#include "store/definitions.h"
#include "store/outbox.h"
#include "store/poll_state.h"
#include "store/replays.h"
#include "store/sqlite/state_file.h"
#include "store/webhook_records.h"

namespace vhookd {

class SqliteRecords final : public WebhookRecords {
 public:
  explicit SqliteRecords(StateWriter state) : state_(state) {}
  Result<void> make(std::span<const std::string> ids) override;
  Result<std::vector<WebhookState>> list(std::span<const std::string> ids) override;
  Result<void> set_paused(const std::string& id, bool paused, const std::string& because) override;
  Result<void> set_health(const std::string& id, bool healthy, int failed_in_a_row,
                          const std::string& last_error) override;
  Result<void> touch(const std::string& id) override;
  Result<void> forget(const std::string& id) override;

 private:
  StateWriter state_;
};

class SqlitePollState final : public PollState {
 public:
  explicit SqlitePollState(StateWriter state) : state_(state) {}
  Result<WebhookState> webhook(const std::string& id) override;
  Result<void> commit(const PollCommit& part) override;
  Result<void> record_run(const std::string& id, const Run& run) override;
  Result<std::vector<Run>> runs(const std::string& id) override;
  Result<void> checked(const std::vector<std::pair<std::string, Instant>>& checks) override;
  Result<std::vector<std::optional<KnownRow>>> known(const std::string& id, std::span<const std::string> keys) override;
  Result<std::vector<KnownRow>> known_from(const std::string& id, const std::string& from, int limit) override;
  Result<std::int64_t> known_count(const std::string& id) override;
  Result<std::vector<KnownRange>> known_ranges(const std::string& id) override;

 private:
  StateWriter state_;
};

class SqliteOutbox final : public Outbox {
 public:
  explicit SqliteOutbox(StateWriter state) : state_(state) {}
  using Outbox::delivered;
  Result<std::optional<QueuedPage>> head(const std::string& id) override;
  Result<std::optional<Retrying>> retrying(const std::string& id) override;
  Result<std::vector<std::string>> with_queue() override;
  Result<std::int64_t> bytes() override;
  Result<std::int64_t> pages() override;
  std::vector<Result<void>> delivered(std::span<const Receipt> receipts) override;
  Result<void> attempt_failed(const std::string& id, std::uint64_t sequence, Instant not_before,
                              const std::string& error, bool rejected) override;
  Result<void> page_died(const std::string& id, std::uint64_t sequence, const std::string& error, Death death) override;
  Result<void> split(const std::string& id, std::uint64_t sequence, const Page& first, const Page& second) override;
  Result<std::vector<DeadPage>> dead(const std::string& id) override;
  Result<void> drop_dead(const std::string& id, const std::string& page_id) override;

 private:
  StateWriter state_;
};

class SqliteReplays final : public Replays {
 public:
  explicit SqliteReplays(StateWriter state) : state_(state) {}
  Result<Selected> request(const std::string& id, const ReplayRange& selection, const std::string& url) override;
  Result<std::optional<Replay>> next(const std::string& id) override;
  Result<std::vector<std::string>> ids() override;
  Result<void> attempt_failed(std::int64_t number, Instant not_before, const std::string& error) override;
  Result<void> delivered(std::int64_t number, const Keep& keep) override;
  Result<void> drop(std::int64_t number) override;
  Result<int> drop_all(const std::string& id, const std::string& url) override;
  Result<void> prune() override;

 private:
  StateWriter state_;
};

class SqliteDefinitions final : public Definitions {
 public:
  explicit SqliteDefinitions(StateWriter state) : state_(state) {}
  Result<void> define(const std::string& id, const std::string& json) override;
  Result<std::vector<Definition>> all() override;

 private:
  StateWriter state_;
};

}  // namespace vhookd
