#include "daemon/engine/poller.h"

#include <algorithm>
#include <charconv>
#include <future>

#include "core/crash_point.h"
#include "daemon/engine/webhook_json.h"
#include "daemon/explain/hidden_values.h"
#include "daemon/output/log.h"
#include "scheduler/detect/epoch.h"
#include "scheduler/detect/idle.h"
#include "scheduler/detect/sql.h"

namespace vhookd {

// What one poll carries through its steps.
struct Poller::Job {
  const config::Webhook& webhook;
  Connector& session;
  const PollRequest& request;
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

PollOutcome Poller::poll(const config::Webhook& webhook, Connector& session, const PollRequest& request) {
  const Tick began = clock_.tick();
  Job job{.webhook = webhook, .session = session, .request = request};
  job.outcome.run.started_at = clock_.now();
  auto done = prepare(job);
  if (done && !job.outcome.epoch_ends) done = hold(job);
  if (done && !job.outcome.epoch_ends && job.outcome.held.empty()) {
    auto poll = make_poll(job.plan, job.commit.checkpoint, known_rows(job));
    if (poll) {
      auto builder = make_harvest(job);
      done = converse(job, *poll, builder, true);
      if (auto written = settle(job); done && !written) done = written;
      job.outcome.run.duration_ms =
          std::chrono::duration_cast<std::chrono::milliseconds>(clock_.tick() - began).count();
      if (done) done = finish(job, *poll, builder);
      session.end();  // a round trip that what was found does not wait for
      if (const auto text = notice(*poll); !text.empty())
        log_event(Level::warn, "poll-notice", {{"webhook", webhook.id}, {"notice", text}});
    } else {
      done = std::unexpected(poll.error());
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
  auto state = store_.webhook(job.webhook.id);
  if (!state) return std::unexpected(state.error());
  job.state = std::move(*state);
  if (job.request.checked_at) job.state.checked_at = job.request.checked_at;
  job.outcome.at_database = true;
  auto table = job.session.describe({job.webhook.database->schema, job.webhook.table_name()});
  if (!table) return std::unexpected(table.error());
  job.table = std::move(*table);
  if (auto planned = make_plan_for(job); !planned) return planned;
  job.plan.range_rows = options_.sizes.range_rows;
  job.plan.whole = job.request.whole;
  job.outcome.strategy = name_of(job.plan.strategy);
  job.outcome.by_commits_alone = changes_by_commits_alone(job.table);
  job.commit = {.webhook_id = job.webhook.id,
                .epoch = job.state.epoch,
                .fingerprint = job.plan.fingerprint + job.plan.footing,
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
  auto plan = make_plan(job.webhook, job.table, before);
  if (before && (!plan || !same_epoch(job.state.fingerprint, *plan)))
    plan = make_plan(job.webhook, job.table, std::nullopt);
  if (!plan) return std::unexpected(plan.error());
  job.plan = std::move(*plan);
  if (same_epoch(job.state.fingerprint, job.plan)) return {};
  if (auto lost = lost_footing(job.state.fingerprint, job.plan); !lost.empty())
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
            return store_.known(job.webhook.id, key);
          },
          .after = [this, &job](const std::string& key, int limit) -> Result<std::vector<KnownRow>> {
            if (auto written = settle(job); !written) return std::unexpected(written.error());
            if (!job.epoch_open) return std::vector<KnownRow>();
            return store_.known_after(job.webhook.id, key, limit);
          },
          .count = [this, &job]() -> Result<std::int64_t> {
            if (auto written = settle(job); !written) return std::unexpected(written.error());
            if (!job.epoch_open) return 0;
            return store_.known_count(job.webhook.id);
          },
          .ranges = [this, &job]() -> Result<std::vector<KnownRange>> {
            if (auto written = settle(job); !written) return std::unexpected(written.error());
            if (!job.epoch_open) return std::vector<KnownRange>();
            return store_.known_ranges(job.webhook.id);
          }};
}

PageBuilder Poller::make_harvest(const Job& job) const {
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
  auto poll = make_poll(job.plan, job.commit.checkpoint, known_rows(job));
  if (!poll) return std::unexpected(poll.error());
  auto builder = make_harvest(job);
  auto counted = converse(job, *poll, builder, false);
  job.session.end();
  if (!counted) return counted;
  std::int64_t rows = 0;
  Sql sql(job.plan.dialect, nullptr);
  sql.text("SELECT count(*) FROM ").text(job.plan.from);
  counted = job.session.read(sql.take(), [&](Row row) {
    std::from_chars(row[0].text.data(), row[0].text.data() + row[0].text.size(), rows);
    return true;
  });
  if (!counted) return counted;
  if (auto known = store_.known_count(job.webhook.id); known && job.plan.strategy == Strategy::snapshot)
    rows = std::max(rows, *known);
  if (static_cast<double>(builder.records()) <= *job.webhook.hold_if_changed_over * static_cast<double>(rows))
    return {};
  job.outcome.held = std::to_string(builder.records()) + " of " + std::to_string(rows) +
                     " rows changed since the last check, more than hold_if_changed_over allows; `vhookd resume " +
                     job.webhook.id + "` sends them";
  return {};
}

// Asks until the poll has no more questions, and leaves the session in its last view. `keep` false: what it gathers is
// thrown away.
Result<void> Poller::converse(Job& job, Poll& poll, PageBuilder& builder, bool keep) {
  bool anew = true;
  while (auto question = next(poll)) {
    anew = anew || question->anew;
    if (question->fresh || anew) job.session.end();
    job.outcome.at_database = true;
    observer_.made_progress();
    const bool apart =
        question->refusable || question->shared;  // what is refused or told by others is the question alone
    if (anew && apart)
      if (auto begun = job.session.begin(); !begun) return begun;
    const auto whole = read(job, *question, poll, builder, {.keep = keep, .begins = anew && !apart});
    if (!whole) return std::unexpected(whole.error());
    if (job.stopped) return {};
    anew = !*whole;
    if (*whole)
      if (auto next_step = answered(poll, builder); !next_step) return next_step;
  }
  return {};
}

// False: the view has grown old, and the poll goes on in another.
Result<bool> Poller::read(Job& job, const Question& question, Poll& poll, PageBuilder& builder, Reading how) {
  Result<void> taken;
  bool whole = true;
  int rows = 0;
  Tick first_row;  // a server that sorts for long before it must not be asked to sort again for a few rows
  const auto on_row = [&](Row row) {
    ++job.outcome.rows_read;
    taken = take(job, poll, builder, row, how.keep);
    if (!taken || job.stopped) return false;
    constexpr int rows_a_look = 64;
    if (rows++ == 0) first_row = clock_.tick();
    if (rows % rows_a_look == 0 && clock_.tick() - first_row > options_.longest_view) whole = !go_on_anew(poll);
    return whole;
  };
  const auto read = how.begins ? job.session.begin_with(question.query, on_row)
                    : question.shared && options_.probe_cache != nullptr
                        ? options_.probe_cache->look(job.webhook.database, job.session, question.query, on_row)
                        : job.session.read(question.query, on_row);
  if (!taken) return std::unexpected(taken.error());
  if (!read && !question.is_refusal(read.error())) return std::unexpected(read.error());
  return whole;
}

Result<void> Poller::take(Job& job, Poll& poll, PageBuilder& builder, Row row, bool keep) {
  if (auto handled = vhookd::row(poll, row, builder); !handled) return handled;
  ++job.rows;
  auto part = builder.take_part();
  if (!part || !keep) return {};
  if (auto written = settle(job); !written || job.stopped) return written;
  return commit(job, std::move(*part), options_.commit_concurrently);
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
    auto stored = store_.commit(whole);
    if (stored && !whole.pages.empty()) observer_.pages_queued(whole.webhook_id);
    return stored;
  });
  return beside ? Result<void>() : settle(job);
}

Result<void> Poller::finish(Job& job, Poll& poll, PageBuilder& builder) {
  if (job.stopped) {
    // The open page is not committed: its rows come again with the next poll, which goes on from the last part.
    job.outcome.more = !observer_.stopping() && observer_.may_queue(job.webhook.id);
    job.outcome.no_room = !observer_.stopping() && !job.outcome.more;
    return store_.record_run(job.webhook.id, job.outcome.run);
  }
  auto last = builder.finish(checkpoint(poll));
  job.commit.run = job.outcome.run;
  for (const auto& page : last.pages) {
    ++job.commit.run->pages;
    job.commit.run->records += page.records;
  }
  job.commit.forget_below = forget_below(poll);
  job.commit.complete = true;
  job.outcome.complete = true;
  job.outcome.more = unfinished(poll);
  job.outcome.token = token(poll);
  job.outcome.up_to_date = job.outcome.by_commits_alone && is_up_to_date(poll);
  return commit(job, std::move(last), false);
}

}  // namespace vhookd
