#include "daemon/engine/poller.h"

#include <algorithm>
#include <charconv>
#include <future>

#include "core/crash_point.h"
#include "core/forwarding_source.h"
#include "daemon/engine/known_row_reader.h"
#include "daemon/engine/webhook_json.h"
#include "daemon/explain/hidden_values.h"
#include "daemon/output/log.h"
#include "scheduler/detect/driver.h"
#include "scheduler/detect/epoch.h"
#include "scheduler/detect/idle.h"

namespace vhookd {

// What one poll carries through its steps.
struct Poller::Job {
  const config::Webhook& webhook;
  Source& source;
  const PollRequest& request;
  KnownRowReader known;
  WebhookState state;
  Table table;
  Plan plan;
  PollCommit commit;        // what all parts have in common
  bool epoch_open = false;  // the store is on this poll's epoch: its known rows are ours
  bool stopped = false;     // told to stop, or the outbox is full: what was taken is committed, the rest waits
  PollOutcome outcome;
  bool initial = false;                  // the first sync is under way
  std::optional<std::int64_t> expected;  // rows of the whole table, by the database's estimate
  std::int64_t rows = 0;                 // read since the last commit
  std::future<Result<void>> writing;     // the part being committed, where one is
  std::int64_t rows_written = 0;         // read for it
};

PollOutcome Poller::poll(const config::Webhook& webhook, Source& source, const PollRequest& request) {
  const Tick began = clock_.tick();
  Job job{.webhook = webhook, .source = source, .request = request, .known = KnownRowReader(polls_, webhook.id)};
  job.outcome.run.started_at = clock_.now();
  auto done = prepare(job);
  if (done && !job.outcome.epoch_ends) done = hold(job);
  if (done && !job.outcome.epoch_ends && job.outcome.held.empty()) {
    auto method = make_method(job.plan, job.commit.checkpoint, known_rows(job));
    if (method) {
      auto builder = page_builder(job);
      done = converse(job, **method, builder, true);
      if (auto written = settle(job); done && !written) done = written;
      job.outcome.run.duration_ms =
          std::chrono::duration_cast<std::chrono::milliseconds>(clock_.tick() - began).count();
      if (done) done = finish(job, **method, builder);
      source.end();  // a round trip that what was found does not wait for
      if (const auto text = (*method)->summary().notice; !text.empty())
        log_event(Level::warn, "poll-notice", {{"webhook", webhook.id}, {"notice", text}});
    } else {
      done = std::unexpected(method.error());
    }
  }
  job.outcome.run.duration_ms = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.tick() - began).count();
  if (!done) {
    job.outcome.run.ok = false;
    job.outcome.run.error = HiddenValues(webhook).without(done.error()).message;
    job.outcome.recourse = done.error().recourse;
  }
  return job.outcome;
}

Result<void> Poller::prepare(Job& job) {
  auto state = polls_.webhook(job.webhook.id);
  if (!state) return std::unexpected(state.error());
  job.state = std::move(*state);
  if (job.request.checked_at) job.state.checked_at = job.request.checked_at;
  job.outcome.at_database = true;
  auto table = job.source.describe({job.webhook.database->schema, job.webhook.table_name()});
  if (!table) return std::unexpected(table.error());
  job.table = std::move(*table);
  if (auto planned = make_plan_for(job); !planned) return planned;
  job.plan.range_rows = options_.sizes.range_rows;
  job.plan.whole = job.request.whole;
  job.outcome.strategy = name_of(job.plan.strategy);
  job.outcome.by_commits_alone = changes_by_commits_alone(job.table);
  job.commit = {.webhook_id = job.webhook.id,
                .epoch = job.state.epoch,
                .fingerprint = job.plan.fingerprint + job.plan.detection_columns,
                .checkpoint = job.state.checkpoint,
                .renumbered = job.state.renumbered};
  job.epoch_open = same_epoch(job.state.fingerprint, job.plan);
  if (!job.epoch_open) {
    job.outcome.epoch_ends = job.request.can_end_epoch && !job.state.fingerprint.empty();
    if (!job.outcome.epoch_ends) open_epoch(job);
  }
  const bool begins = job.commit.checkpoint.empty();
  job.initial = begins || is_initial(job.commit.checkpoint, job.plan);
  if (begins && job.table.estimated_rows > 0 && job.webhook.filters.empty()) job.expected = job.table.estimated_rows;
  return {};
}

// The plan goes on as the last poll's did, where that is the same epoch; else it is made as for a new webhook.
Result<void> Poller::make_plan_for(Job& job) {
  const auto before = strategy_of(job.state.checkpoint);
  auto plan = make_plan(job.webhook, job.table, job.source.traits(), before);
  if (before && (!plan || !same_epoch(job.state.fingerprint, *plan)))
    plan = make_plan(job.webhook, job.table, job.source.traits(), std::nullopt);
  if (!plan) return std::unexpected(plan.error());
  job.plan = std::move(*plan);
  if (same_epoch(job.state.fingerprint, job.plan)) return {};
  if (auto lost = lost_columns(job.state.fingerprint, job.plan); !lost.empty())
    return fail(Recourse::ask_operator, std::move(lost));
  return {};
}

void Poller::open_epoch(Job& job) {
  job.commit.checkpoint.clear();
  if (!job.state.fingerprint.empty()) {
    ++job.commit.epoch;
    log_event(Level::warn, "epoch-opened",
              {{"webhook", job.webhook.id},
               {"epoch", std::to_string(job.commit.epoch)},
               {"why", "its table, key, filters, fields or detection changed"},
               {"what", job.webhook.include_all ? "all rows are sent again" : "what is there now is noted silently"}});
  }
  log_event(Level::info, "strategy",
            {{"webhook", job.webhook.id}, {"detect", job.outcome.strategy}, {"why", job.plan.reason}});
}

KnownRows Poller::known_rows(Job& job) {
  return {.find = [this, &job](const std::string& key) -> Result<std::optional<KnownRow>> {
            if (auto written = settle(job); !written) return std::unexpected(written.error());
            if (!job.epoch_open) return std::nullopt;
            return job.known.find(key);
          },
          .after = [this, &job](const std::string& key, int limit) -> Result<std::vector<KnownRow>> {
            if (auto written = settle(job); !written) return std::unexpected(written.error());
            if (!job.epoch_open) return std::vector<KnownRow>();
            return polls_.known_from(job.webhook.id, key.empty() ? key : key + '\0', limit);
          },
          .count = [this, &job]() -> Result<std::int64_t> {
            if (auto written = settle(job); !written) return std::unexpected(written.error());
            if (!job.epoch_open) return 0;
            return polls_.known_count(job.webhook.id);
          },
          .ranges = [this, &job]() -> Result<std::vector<KnownRange>> {
            if (auto written = settle(job); !written) return std::unexpected(written.error());
            if (!job.epoch_open) return std::vector<KnownRange>();
            return polls_.known_ranges(job.webhook.id);
          }};
}

PageBuilder Poller::page_builder(const Job& job) const {
  PageStyle style{.webhook_json = payload_webhook_json(job.webhook, job.state),
                  .secret = job.webhook.shared_secret(),
                  .max_records = job.webhook.page_max_limit,
                  .next_sequence = job.state.next_sequence,
                  .initial = is_initial(job.commit.checkpoint, job.plan),
                  .random_id = options_.random_id};
  style.part_bytes = options_.sizes.part_bytes.value_or(style.part_bytes);
  style.part_known_rows = options_.sizes.part_known_rows.value_or(style.part_known_rows);
  return {std::move(style), RecordWriter(job.plan.delivered, job.plan.delivered_at)};
}

// Counts what this poll would send before it sends any of it, where hold_if_changed_over asks for that.
Result<void> Poller::hold(Job& job) {
  if (!job.webhook.hold_if_changed_over || job.request.release || job.commit.checkpoint.empty()) return {};
  auto method = make_method(job.plan, job.commit.checkpoint, known_rows(job));
  if (!method) return std::unexpected(method.error());
  auto builder = page_builder(job);
  auto counted = converse(job, **method, builder, false);
  job.source.end();
  if (!counted) return counted;
  std::int64_t rows = 0;
  counted = job.source.read(RowCount{.of = &job.plan.selection}, [&](Row row) {
    std::from_chars(row[0].text.data(), row[0].text.data() + row[0].text.size(), rows);
    return true;
  });
  if (!counted) return counted;
  if (auto known = polls_.known_count(job.webhook.id); known && job.plan.strategy == Strategy::snapshot)
    rows = std::max(rows, *known);
  if (static_cast<double>(builder.records()) <= *job.webhook.hold_if_changed_over * static_cast<double>(rows))
    return {};
  job.outcome.held = std::to_string(builder.records()) + " of " + std::to_string(rows) +
                     " rows changed since the last check, more than hold_if_changed_over allows; `vhookd resume " +
                     job.webhook.id + "` sends them";
  return {};
}

// Follows a conversation: commits the parts, and says when the view is too old and when the poll is to stop.
class Poller::Watch final : public DriveObserver {
 public:
  Watch(Poller& poller, Job& job, bool keep) : poller_(poller), job_(job), keep_(keep) {}

  void asking(const Question& /*question*/) override {
    job_.outcome.at_database = true;
    rows_ = 0;
    poller_.observer_.made_progress();
  }

  Result<Then> handled(PageBuilder& builder) override {
    ++job_.outcome.rows_read;
    ++job_.rows;
    if (builder.has_part()) {
      if (auto taken = take_part(builder); !taken) return std::unexpected(taken.error());
    }
    if (job_.stopped) return Then::stop;
    constexpr int rows_a_look = 64;
    if (rows_++ == 0) first_row_ = poller_.clock_.tick();
    const bool old = rows_ % rows_a_look == 0 && poller_.clock_.tick() - first_row_ > poller_.options_.longest_view;
    return old ? Then::new_view : Then::go_on;
  }

 private:
  Result<void> take_part(PageBuilder& builder) {
    auto part = builder.take_part();
    if (!part || !keep_) return {};
    if (auto written = poller_.settle(job_); !written || job_.stopped) return written;
    return poller_.commit(job_, std::move(*part), poller_.options_.commit_concurrently);
  }

  Poller& poller_;
  Job& job_;
  bool keep_;
  int rows_ = 0;    // of the current answer
  Tick first_row_;  // a server that sorts for long before it must not be asked to sort again for a few rows
};

namespace {

// The webhook's source, where an OpenTransactionBound is answered for all webhooks of its server together.
class SharedBound final : public ForwardingSource {
 public:
  using ForwardingSource::begin;
  SharedBound(Source& source, const config::Database& database, ProbeCache* cache)
      : ForwardingSource(source), database_(database), cache_(cache) {}

  Result<void> read(const Question& question, const OnRow& on_row) override {
    const bool shared = cache_ != nullptr && std::holds_alternative<OpenTransactionBound>(question);
    return shared ? cache_->look(database_, source(), question, on_row) : ForwardingSource::read(question, on_row);
  }

 private:
  const config::Database& database_;
  ProbeCache* cache_;  // null: each poll asks for itself
};

}  // namespace

// Leaves the source in the poll's last view. `keep` false: what is gathered is thrown away.
Result<void> Poller::converse(Job& job, Method& method, PageBuilder& builder, bool keep) {
  SharedBound source(job.source, *job.webhook.database, options_.probe_cache);
  Watch watch(*this, job, keep);
  return drive(method, source, builder, watch);
}

// Waits for the part that is being committed, if one is. Where the poll can't go on after it, what was gathered
// meanwhile is left: its rows come again with the next poll.
Result<void> Poller::settle(Job& job) const {
  if (!job.writing.valid()) return {};
  if (auto stored = job.writing.get(); !stored) {
    job.outcome.at_database = false;
    return stored;
  }
  job.epoch_open = true;
  job.known.clear();
  if (job.initial) observer_.progressed(job.webhook.id, job.rows_written, job.expected);
  job.stopped = observer_.stopping() || !observer_.may_queue(job.webhook.id);
  return {};
}

// REQUIRES: the part before is settled. `beside`: this one may still be under way on return.
Result<void> Poller::commit(Job& job, Part part, bool beside) {
  observer_.made_progress();
  PollCommit whole = job.commit;
  whole.checkpoint = std::move(part.checkpoint);
  whole.pages = std::move(part.pages);
  whole.remember = std::move(part.remember);
  whole.forget = std::move(part.forget);
  whole.no_ranges = part.no_ranges;
  whole.ranges = std::move(part.ranges);
  whole.dropped_ranges = std::move(part.dropped_ranges);
  whole.at = clock_.now();
  if (!whole.pages.empty()) crash_point(CrashPoint::after_fetch);
  for (const auto& page : whole.pages) {
    ++job.outcome.run.pages;
    job.outcome.run.records += page.records;
  }
  job.rows_written = std::exchange(job.rows, 0);
  const auto how = beside ? std::launch::async | std::launch::deferred : std::launch::deferred;
  job.writing = std::async(how, [this, whole = std::move(whole)] {
    auto stored = polls_.commit(whole);
    if (stored && !whole.pages.empty()) observer_.pages_queued(whole.webhook_id);
    return stored;
  });
  return beside ? Result<void>() : settle(job);
}

Result<void> Poller::finish(Job& job, const Method& method, PageBuilder& builder) {
  if (job.stopped) {
    // The open page is not committed: its rows come again with the next poll, which goes on from the last part.
    job.outcome.more = !observer_.stopping() && observer_.may_queue(job.webhook.id);
    job.outcome.no_room = !observer_.stopping() && !job.outcome.more;
    return polls_.record_run(job.webhook.id, job.outcome.run);
  }
  const auto summary = method.summary();
  auto last = builder.finish(method.checkpoint());
  job.commit.run = job.outcome.run;
  for (const auto& page : last.pages) {
    ++job.commit.run->pages;
    job.commit.run->records += page.records;
  }
  job.commit.forget_below = summary.forget_below;
  job.commit.complete = true;
  job.outcome.complete = true;
  job.outcome.more = summary.unfinished;
  job.outcome.token = summary.idle_token;
  job.outcome.up_to_date = job.outcome.by_commits_alone && summary.up_to_date;
  return commit(job, std::move(last), false);
}

}  // namespace vhookd
