#include "scheduler/detect/guarantee.h"

#include "config/units.h"
#include "scheduler/detect/snapshot/range_hashes.h"
#include "scheduler/detect/timestamp/timestamp_method.h"
#include "scheduler/detect/xid/xid_narrowing.h"

namespace vhookd {

using config::Event;

namespace {

bool is_view(const Plan& plan) {
  return plan.table->relation == Relation::view || plan.table->relation == Relation::materialized_view;
}

// What holds for polling as such, whatever the strategy.
void add_nature_of_polling(const Plan& plan, Guarantee& text) {
  if (plan.webhook->event == Event::deleted) {
    text.not_covered.emplace_back("a row created and deleted between two polls: it was never seen");
  } else {
    text.not_covered.emplace_back(
        "versions between two polls: the last one counts; a row created and deleted between two polls is never seen");
  }
  const auto& key = plan.selection.key;
  if (!key.empty() && plan.table->find(key[0].name) == nullptr) {
    const auto& number = plan.traits->capabilities().row_number;
    text.not_covered.push_back(number.caveat);
    text.remedies.push_back(number.remedy);
  }
  if (!plan.webhook->filters.empty())
    text.not_covered.emplace_back(
        "that a row stops matching the filters: this is not reported, and does not count as a deletion");
}

// What a poll by xid finds, and when.
void found_by_xid(const Plan& plan, Guarantee& text) {
  constexpr auto every = "every committed change, in whatever order transactions commit and however long they run";
  if (plan.narrow_index.empty()) {
    text.promised.emplace_back(std::string(every) +
                               ": a change is found by the transaction that wrote it, not by any clock");
    text.promised.emplace_back("no lag: what is committed when a poll begins is in that poll");
    return;
  }
  text.promised.push_back(std::string(every) + "; one whose " + plan.selection.stamp +
                          " was not moved comes with the next full sweep, at most " +
                          config::show(most_between_sweeps) + " later");
  text.promised.push_back("the others come with the next poll: those stamped no more than " +
                          config::show(lookback(*plan.webhook)) +
                          " (lookback) before their transaction first wrote anything, however long it was open");
  text.remedies.emplace_back(
      "detect: xid makes every poll a full sweep: nothing comes late, by one scan of the table a poll");
}

void xid(const Plan& plan, Guarantee& text) {
  found_by_xid(plan, text);
  const bool tells_new = plan.webhook->event == Event::created || !plan.webhook->include_created;
  const std::string look = plan.narrow_index.empty() ? "poll" : "full sweep";
  if (plan.remembers) {
    text.promised.emplace_back(
        "a row written with the values it had (UPDATE t SET a = a, or an ALTER TABLE that rewrites the table) is not "
        "sent: the state keeps the key and a digest of each row");
    if (tells_new) text.promised.emplace_back("new rows are told from changed ones by these keys");
    text.promised.emplace_back(
        "keys of rows that are gone are forgotten with the next " + look +
        " that finds fewer rows than are known, so a row that comes back later is new, even as it was");
    text.not_covered.emplace_back(
        "a row deleted and inserted again under its key between two " + look + "s: it counts as " +
        std::string(plan.webhook->event == Event::created ? "changed, not as new" : "changed, if it differs"));
  } else {
    text.not_covered.emplace_back(
        "sent though nothing changed: rows written with the values they had (UPDATE t SET a = a, or an ALTER TABLE "
        "that rewrites the table), for without a key there is nothing to compare them with");
    text.remedies.emplace_back(plan.selection.key.empty()
                                   ? "a primary key, or a unique index over columns that are NOT NULL: what is written "
                                     "as it was is then not sent"
                                   : "a unique index over the columns of key, all of them NOT NULL: what is written as "
                                     "it was is then not sent");
  }
  constexpr auto unknown_past = "after a restore, an upgrade or 2^31 transactions between two polls every row is ";
  if (plan.remembers) {
    text.promised.push_back(std::string(unknown_past) + "compared, and what differs is sent");
  } else {
    text.not_covered.push_back(std::string(unknown_past) + "sent again");
  }
  if (plan.selection.key.empty())
    text.not_covered.emplace_back("without a key a receiver can't tell which row a record replaces");
}

void late_commits(const Plan& plan, bool sees_transactions, Guarantee& text) {
  const auto& can = plan.traits->capabilities();
  const auto reach = config::show(lookback(*plan.webhook));
  const std::string move = "every row whose " + plan.selection.stamp + " moves forward" +
                           (plan.webhook->event == Event::created ? " or is new" : "") + " in a transaction that ";
  if (bounds_open_transactions(plan) && sees_transactions) {
    text.promised.push_back(move + "commits within " + reach +
                            " of that time (lookback), or later: polls see what is under way (" +
                            can.open_transactions_right + ") and stay below it");
    text.not_covered.push_back(
        "a statement that waited for more than a second before its transaction began (for a "
        "table's lock, say), in a transaction open for longer than " +
        reach);
    return;
  }
  text.promised.push_back(move + "commits within " + reach + " of that time (lookback)");
  text.not_covered.push_back("transactions that commit more than " + reach + " after the time they wrote into " +
                             plan.selection.stamp);
  if (bounds_open_transactions(plan))
    text.remedies.push_back(can.open_transactions_grant +
                            ": polls then see what is under way and stay below it, however long it lasts");
  text.remedies.emplace_back("lookback: as long as your longest transaction; each poll reads that much again");
}

void timestamp(const Plan& plan, bool sees_transactions, Guarantee& text) {
  late_commits(plan, sees_transactions, text);
  const auto& stamp = plan.selection.stamp;
  const Column* column = plan.table->find(stamp);
  text.promised.push_back("rows with equal times, with times in the future and " +
                          std::string(plan.stamp_nullable ? "without a time" : "of any precision") +
                          "; none is sent twice, for keys and digests are compared");
  if (plan.webhook->event != Event::created && (column == nullptr || !column->touched_on_update))
    text.not_covered.push_back("changes that leave " + stamp + " as it is: whoever writes has to move it");
  text.not_covered.push_back("rows written with a time in " + stamp + " more than " +
                             config::show(lookback(*plan.webhook)) +
                             " behind the newest: imports, restored rows, a writer whose clock is behind the others'");
  if (plan.traits->capabilities().change_tokens && plan.table->relation == Relation::table)
    text.remedies.emplace_back("detect: xid finds every committed change of a PostgreSQL table, by one scan a poll");
  text.remedies.emplace_back("detect: snapshot compares every row, whatever its time, by one read of the table a poll");
}

void snapshot(const Plan& plan, Guarantee& text) {
  const auto event = plan.webhook->event;
  text.promised.emplace_back(
      "exact: every row that is " +
      std::string(event == Event::deleted   ? "gone"
                  : event == Event::created ? "new"
                                            : "new or changed") +
      " since the previous poll, whatever wrote it and whenever it committed: all rows are compared by key and digest" +
      (why_no_range_hashes(plan).empty()
           ? ", those of a part of the table only where the fingerprint the database makes of it (128 bits) has changed"
           : ""));
  if (event == Event::deleted) {
    text.promised.emplace_back("before a deletion is sent its key is looked up once more");
    if (!plan.text.gone.empty())
      text.promised.push_back("a row also counts as deleted once " + plan.text.gone + "; it is sent with its fields");
    text.not_covered.emplace_back("a row deleted and inserted again under its key between two polls");
  } else if (event == Event::created) {
    text.not_covered.emplace_back(
        "a row deleted and inserted again under its key between two polls: it counts as changed, not as new");
  } else {
    text.not_covered.emplace_back(
        "what comes back as it was between two polls: changed and changed back, deleted and inserted again");
  }
  if (is_view(plan))
    text.not_covered.emplace_back(
        plan.table->relation == Relation::view
            ? "a view is what its query says at the moment of the poll, and costs what that costs"
            : "a materialized view changes only when it is refreshed");
  if (const auto& caveat = plan.traits->capabilities().view_caveat; !caveat.empty()) text.not_covered.push_back(caveat);
}

}  // namespace

bool bounds_open_transactions(const Plan& plan) {
  const Column* column = plan.table->find(plan.selection.stamp);
  // A column without a zone may hold the time of any, of which no bound says anything.
  return plan.traits->capabilities().bounds_open_transactions && column != nullptr && column->kind == Kind::timestamptz;
}

std::chrono::milliseconds lookback(const config::Webhook& webhook) {
  return webhook.lookback.value_or(default_lookback);
}

Guarantee guarantee(const Plan& plan, bool sees_transactions) {
  Guarantee text;
  switch (plan.strategy) {
    case Strategy::xid:
      xid(plan, text);
      break;
    case Strategy::timestamp:
      timestamp(plan, sees_transactions, text);
      break;
    case Strategy::snapshot:
      snapshot(plan, text);
      break;
  }
  add_nature_of_polling(plan, text);
  return text;
}

}  // namespace vhookd
