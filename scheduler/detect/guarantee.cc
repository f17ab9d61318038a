#include "scheduler/detect/guarantee.h"

#include "config/units.h"
#include "scheduler/detect/snapshot/range_hash_sql.h"
#include "scheduler/detect/timestamp/timestamp_poll.h"
#include "scheduler/detect/xid/xid_narrowing.h"

namespace vhookd {

using config::Event;

namespace {

bool is_view(const Plan& plan) {
  return plan.table->relation == Relation::view || plan.table->relation == Relation::materialized_view;
}

// What holds for polling as such, whatever the strategy.
void add_nature_of_polling(const Plan& plan, Guarantee& words) {
  if (plan.webhook->event == Event::deleted) {
    words.not_covered.emplace_back("a row created and deleted between two polls: it was never seen");
  } else {
    words.not_covered.emplace_back(
        "versions between two polls: the last one counts; a row created and deleted between two polls is never seen");
  }
  if (plan.dialect == Dialect::sqlite && !plan.key.empty() && plan.table->find(plan.key[0].name) == nullptr) {
    words.not_covered.emplace_back(
        "VACUUM, which may number the rows of a table without a key anew: they look changed");
    words.mends.emplace_back("a primary key, or columns that are unique together under key");
  }
  if (!plan.webhook->filters.empty())
    words.not_covered.emplace_back("that a row stops matching the filters: this is not told, and is no deletion");
}

// What a poll by xid finds, and when.
void found_by_xid(const Plan& plan, Guarantee& words) {
  constexpr auto every = "every committed change, in whatever order transactions commit and however long they run";
  if (plan.narrow_index.empty()) {
    words.promised.emplace_back(std::string(every) +
                                ": a change is found by the transaction that wrote it, not by any clock");
    words.promised.emplace_back("no lag: what is committed when a poll begins is in that poll");
    return;
  }
  words.promised.push_back(std::string(every) + "; one whose " + plan.stamp +
                           " was not moved comes with the next full sweep, at most " +
                           config::show(most_between_sweeps) + " later");
  words.promised.push_back("the others come with the next poll: those stamped no more than " +
                           config::show(lookback(*plan.webhook)) +
                           " (lookback) before their transaction first wrote anything, however long it was open");
  words.mends.emplace_back(
      "detect: xid makes every poll a full sweep: nothing comes late, by one scan of the table a poll");
}

void xid(const Plan& plan, Guarantee& words) {
  found_by_xid(plan, words);
  const bool tells_new = plan.webhook->event == Event::created || !plan.webhook->include_created;
  const std::string look = plan.narrow_index.empty() ? "poll" : "full sweep";
  if (plan.remembers) {
    words.promised.emplace_back(
        "a row written with the values it had (UPDATE t SET a = a, or an ALTER TABLE that rewrites the table) is not "
        "sent: the state keeps the key and a digest of each row");
    if (tells_new) words.promised.emplace_back("new rows are told from changed ones by these keys");
    words.promised.emplace_back(
        "keys of rows that are gone are forgotten with the next " + look +
        " that finds fewer rows than are known, so a row that comes back later is new, even as it was");
    words.not_covered.emplace_back(
        "a row deleted and inserted again under its key between two " + look + "s: it counts as " +
        std::string(plan.webhook->event == Event::created ? "changed, not as new" : "changed, if it differs"));
  } else {
    words.not_covered.emplace_back(
        "sent though nothing changed: rows written with the values they had (UPDATE t SET a = a, or an ALTER TABLE "
        "that rewrites the table), for without a key there is nothing to compare them with");
    words.mends.emplace_back(plan.key.empty()
                                 ? "a primary key, or a unique index over columns that are NOT NULL: what is written "
                                   "as it was is then not sent"
                                 : "a unique index over the columns of key, all of them NOT NULL: what is written as "
                                   "it was is then not sent");
  }
  constexpr auto unknown_past = "after a restore, an upgrade or 2^31 transactions between two polls every row is ";
  if (plan.remembers) {
    words.promised.push_back(std::string(unknown_past) + "compared, and what differs is sent");
  } else {
    words.not_covered.push_back(std::string(unknown_past) + "sent again");
  }
  if (plan.key.empty())
    words.not_covered.emplace_back("without a key a receiver can't tell which row a record replaces");
}

void late_commits(const Plan& plan, bool sees_transactions, Guarantee& words) {
  const auto reach = config::show(lookback(*plan.webhook));
  const std::string move = "every row whose " + plan.stamp + " moves forward" +
                           (plan.webhook->event == Event::created ? " or is new" : "") + " in a transaction that ";
  if (looks_for_transactions(plan) && sees_transactions) {
    words.promised.push_back(
        move + "commits within " + reach +
        " of that time (lookback), or later: polls see what is under way (PROCESS) and stay below it");
    words.not_covered.push_back(
        "a statement that waited for more than a second before its transaction began (for a "
        "table's lock, say), in a transaction open for longer than " +
        reach);
    return;
  }
  words.promised.push_back(move + "commits within " + reach + " of that time (lookback)");
  words.not_covered.push_back("transactions that commit more than " + reach + " after the time they wrote into " +
                              plan.stamp);
  if (looks_for_transactions(plan))
    words.mends.emplace_back(
        "GRANT PROCESS ON *.* to this role: polls then see what is under way and stay below it, "
        "however long it lasts");
  words.mends.emplace_back("lookback: as long as your longest transaction; each poll reads that much again");
}

void timestamp(const Plan& plan, bool sees_transactions, Guarantee& words) {
  late_commits(plan, sees_transactions, words);
  const auto& stamp = plan.stamp;
  const Column* column = plan.table->find(stamp);
  words.promised.push_back("rows with equal times, with times in the future and " +
                           std::string(plan.stamp_nullable ? "without a time" : "of any precision") +
                           "; none is sent twice, for keys and digests are compared");
  if (plan.webhook->event != Event::created && (column == nullptr || !column->touched_on_update))
    words.not_covered.push_back("changes that leave " + stamp + " as it is: whoever writes has to move it");
  words.not_covered.push_back("rows written with a time in " + stamp + " more than " +
                              config::show(lookback(*plan.webhook)) +
                              " behind the newest: imports, restored rows, a writer whose clock is behind the others'");
  if (plan.dialect == Dialect::postgres && plan.table->relation == Relation::table)
    words.mends.emplace_back("detect: xid finds every committed change of a PostgreSQL table, by one scan a poll");
  words.mends.emplace_back("detect: snapshot compares every row, whatever its time, by one read of the table a poll");
}

void snapshot(const Plan& plan, Guarantee& words) {
  const auto event = plan.webhook->event;
  words.promised.emplace_back(
      "exact: every row that is " +
      std::string(event == Event::deleted   ? "gone"
                  : event == Event::created ? "new"
                                            : "new or changed") +
      " since the last poll, whatever wrote it and whenever it committed: all rows are compared by key and digest" +
      (why_no_fingerprints(plan).empty()
           ? ", those of a part of the table only where the fingerprint the database makes of it (128 bits) has changed"
           : ""));
  if (event == Event::deleted) {
    words.promised.emplace_back("before a deletion is sent its key is looked up once more");
    if (!plan.gone.empty())
      words.promised.push_back("a row also counts as deleted once " + plan.gone + "; it is sent with its fields");
    words.not_covered.emplace_back("a row deleted and inserted again under its key between two polls");
  } else if (event == Event::created) {
    words.not_covered.emplace_back(
        "a row deleted and inserted again under its key between two polls: it counts as changed, not as new");
  } else {
    words.not_covered.emplace_back(
        "what comes back as it was between two polls: changed and changed back, deleted and inserted again");
  }
  if (is_view(plan))
    words.not_covered.emplace_back(
        plan.table->relation == Relation::view
            ? "a view is what its query says at the moment of the poll, and costs what that costs"
            : "a materialized view changes only when it is refreshed");
  if (plan.dialect == Dialect::mysql)
    words.not_covered.emplace_back(
        "one consistent view of the table needs InnoDB: another engine's rows may change "
        "while they are read, and come with the next poll");
}

}  // namespace

bool looks_for_transactions(const Plan& plan) {
  const Column* column = plan.table->find(plan.stamp);
  return plan.dialect == Dialect::mysql && column != nullptr && column->kind == Kind::timestamptz;
}

std::chrono::milliseconds lookback(const config::Webhook& webhook) {
  return webhook.lookback.value_or(default_lookback);
}

Guarantee guarantee(const Plan& plan, bool sees_transactions) {
  Guarantee words;
  switch (plan.strategy) {
    case Strategy::xid:
      xid(plan, words);
      break;
    case Strategy::timestamp:
      timestamp(plan, sees_transactions, words);
      break;
    case Strategy::snapshot:
      snapshot(plan, words);
      break;
  }
  add_nature_of_polling(plan, words);
  return words;
}

}  // namespace vhookd
