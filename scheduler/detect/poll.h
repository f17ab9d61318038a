// A poll as a conversation: it says what to ask, is handed each row, and says what to ask next. All
// decisions about what changed are made here; asking, storing and sending are the conductor's. Pure but
// for the look-ups it is handed.
//
// One object lives for one poll:
//   while (auto question = next(poll)) { read it, row(poll, …) for each row, then answered(poll) }
//   a whole poll ends with commit of builder.finish(checkpoint(poll))
// checkpoint() at any moment stands for all rows handled so far; a poll begun from it goes on there.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "core/clock.h"
#include "core/error.h"
#include "core/known.h"
#include "core/query.h"
#include "scheduler/detect/plan.h"
#include "scheduler/detect/snapshot/snapshot_poll.h"
#include "scheduler/detect/timestamp/timestamp_poll.h"
#include "scheduler/detect/xid/xid_poll.h"
#include "scheduler/payload/page_builder.h"

namespace vhookd {

using Poll = std::variant<XidPoll, TimestampPoll, SnapshotPoll>;

// `checkpoint`: what the last part of this epoch left behind; empty: a first poll.
Result<Poll> make_poll(const Plan& plan, const std::string& checkpoint, KnownRows known);

std::optional<Question> next(Poll& poll);
Result<void> row(Poll& poll, Row row, PageBuilder& builder);
Result<void> answered(Poll& poll, PageBuilder& builder);
std::string checkpoint(const Poll& poll);

// A first sync is under way (include_all): its pages are INITIAL-….
bool is_initial(const std::string& checkpoint, const Plan& plan);
// The strategy that wrote a checkpoint; none for an empty one.
std::optional<Strategy> strategy_of(const std::string& checkpoint);
// Known rows with a mark below this need not be kept once the poll is whole; none: keep all.
std::optional<std::int64_t> forget_below(const Poll& poll);
// The answer to the idle probe that the poll's last view gives along the way (scheduler/detect/idle.h); empty: it gives
// none.
std::string token(const Poll& poll);
// What else the operator should know of this poll; empty: nothing.
std::string notice(const Poll& poll);
// The view of the database is to be left for a newer one: true where the poll goes on in that behind the last row
// handled. Its next question is then to be asked there.
bool go_on_anew(Poll& poll);
// All that its last view showed was looked at, none of it under an earlier view alone or by a range alone: while
// nothing is committed the next poll can't find anything. REQUIRES: the poll is whole.
bool is_up_to_date(const Poll& poll);
// There was more than one poll may hold: poll again at once.
bool unfinished(const Poll& poll);

}  // namespace vhookd
