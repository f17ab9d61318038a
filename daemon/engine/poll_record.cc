#include "daemon/engine/poll_record.h"

#include <cassert>
#include <utility>

namespace vhookd {

namespace {

constexpr std::int64_t quick_poll_ms = 20;  // it costs little to poll in vain

void count(WebhookMetrics& counted, const PollOutcome& outcome) {
  const Run& run = outcome.run;
  ++(!run.ok ? counted.polls_failed : outcome.held.empty() ? counted.polls_ok : counted.polls_held);
  counted.records += static_cast<std::uint64_t>(run.records);
  counted.pages += static_cast<std::uint64_t>(run.pages);
  counted.last_poll_seconds = static_cast<double>(run.duration_ms) / 1000;
}

}  // namespace

void PollRecord::configure(std::shared_ptr<const config::Webhook> webhook, std::optional<Instant> checked_at) {
  assert(webhook);
  webhook_ = std::move(webhook);
  strategy_ = "";
  token_ = {};
  by_commits_alone_ = true;
  checked_before_ = checked_at;
}

DuePoll PollRecord::begin(Tick now, bool whole) {
  assert(webhook_);
  ++runs_begun_;
  began_ = now;
  DuePoll due{.id = webhook_->id,
              .webhook = webhook_,
              .polled_as = polled_as_,
              .request = {.release = std::exchange(release_, false),
                          .whole = std::exchange(asked_, false) || whole,
                          .can_end_epoch = polled_as_ && polled_as_ != webhook_,
                          .checked_at = idle_at_},
              .token = token_,
              .probes_for_idle = by_commits_alone_ && !busy_};
  if (due.request.whole || due.request.release) due.token = {};
  return due;
}

void PollRecord::left_out(const LeftOut& idle) {
  note_run(Run{.started_at = idle.asked_at});
  outbox_full_ = false;
  if (last_complete_ && idle.tick <= *last_complete_) return;  // one probe serves many, some polled after it
  idle_at_ = idle.asked_at;
  idle_unsaved_ = true;
  last_complete_ = idle.tick;
}

void PollRecord::made(const DuePoll& due, const PollMade& made, Tick now) {
  const auto& outcome = made.outcome;
  const auto& run = outcome.run;
  count(counted_, outcome);
  note_run(run);
  if (outcome.complete && !outcome.more) first_sync_.reset();
  if (!outcome.strategy.empty()) {
    strategy_ = outcome.strategy;
    by_commits_alone_ = outcome.by_commits_alone;
  }
  const bool complete = run.ok && outcome.complete;
  if (complete) {
    last_complete_ = now;
    polled_as_ = due.webhook;
    idle_at_.reset();
    idle_unsaved_ = false;
  }
  token_ = {};
  if (complete && outcome.up_to_date && webhook_ == due.webhook)
    token_ = made.token->empty() ? Shared<std::string>(outcome.token) : made.token;
  // An answer that comes along with the poll makes probing first a round trip more.
  busy_ = run.records > 0 && !outcome.token.empty() && run.duration_ms <= quick_poll_ms;
}

void PollRecord::refused(const Run& run) {
  note_run(run);
}

bool PollRecord::wait_for_room(bool waits) {
  return !std::exchange(outbox_full_, waits) && waits;
}

void PollRecord::progressed(std::int64_t rows, std::optional<std::int64_t> expected, Tick now) {
  if (!first_sync_)
    first_sync_ = std::make_unique<Progress>(Progress{.expected = expected, .began = began_, .last = now});
  first_sync_->rows += rows;
  first_sync_->last = now;
}

std::optional<Instant> PollRecord::take_unsaved_check() {
  return std::exchange(idle_unsaved_, false) ? idle_at_ : std::nullopt;
}

std::uint64_t PollRecord::await_run() {
  ++awaited_;
  asked_ = true;
  return runs_begun_ + 1;
}

std::optional<Run> PollRecord::awaited_run() {
  std::optional<Run> run;
  if (last_run_) run = *last_run_;
  if (awaited_ > 0) --awaited_;  // 0: this is another webhook of the same name
  if (awaited_ == 0) last_run_.reset();
  return run;
}

void PollRecord::note_run(const Run& run) {
  ++runs_ended_;
  if (awaited_ > 0) last_run_ = std::make_unique<Run>(run);
}

PollView PollRecord::view() const {
  PollView view{.strategy = strategy_,
                .since = since_,
                .due = std::nullopt,
                .last_complete = last_complete_,
                .checked_before = checked_before_,
                .idle_at = idle_at_,
                .outbox_full = outbox_full_,
                .outage = "",
                .first_sync = std::nullopt,
                .counted = counted_};
  if (!first_sync_) return view;
  const double took = std::chrono::duration<double>(first_sync_->last - first_sync_->began).count();
  view.first_sync = FirstSync{.rows = first_sync_->rows,
                              .expected_rows = first_sync_->expected,
                              .rows_per_second = took > 0 ? static_cast<double>(first_sync_->rows) / took : 0};
  return view;
}

}  // namespace vhookd
