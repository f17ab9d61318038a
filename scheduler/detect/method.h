// How changes are found: the interface of the methods xid, timestamp and snapshot. A method is one poll of one webhook
// as a conversation. It says what to ask, is handed each row, and says what to ask next. All decisions about what
// changed are made here. Pure but for the look-ups of known rows it is handed.
//
// The driver (scheduler/detect/driver.h) runs the conversation.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/error.h"
#include "core/question.h"
#include "scheduler/detect/known_rows.h"
#include "scheduler/detect/plan.h"
#include "scheduler/payload/page_builder.h"

namespace vhookd {

// What else there is to say of a poll: of one that is whole; of another one, the notice alone.
struct PollSummary {
  bool unfinished = false;  // there was more than one poll may hold: poll again at once
  // All that its last view showed was looked at, none of it under an earlier view alone or by a range alone: while
  // nothing is committed the next poll can't find anything.
  bool up_to_date = false;
  std::optional<std::int64_t> forget_below;  // known rows with a mark below this need not be kept; none: keep all
  std::string idle_token;                    // as Source::idle_token, as of the poll's last view; empty: not known
  std::string notice;                        // what the operator should know of this poll; empty: nothing
};

// One object lives for one poll. Not thread-safe. Points at its plan, which outlives it.
class Method {
 public:
  virtual ~Method() = default;

  // What to ask; none: the poll is whole.
  virtual std::optional<Question> next() = 0;
  // One row of the answer.
  virtual Result<void> row(Row row, PageBuilder& builder) = 0;
  // The answer is whole, or was refused (OpenTransactionBound alone can be).
  virtual Result<void> answered(PageBuilder& builder) = 0;

  // Stands for all rows handled so far, at any moment; a poll begun from it goes on there.
  virtual std::string checkpoint() const = 0;
  // The view of the database is to be left for a newer one. True where the poll can go on in that behind the last row
  // handled: its next question is then to be asked there, and the current answer is not finished.
  virtual bool continue_in_new_view() { return false; }
  virtual PollSummary summary() const = 0;
};

// `checkpoint`: what the last part of this epoch left behind; empty: a first poll.
Result<std::unique_ptr<Method>> make_method(const Plan& plan, const std::string& checkpoint, KnownRows known);

// A first sync is under way (include_all): its pages are INITIAL-….
bool is_initial(const std::string& checkpoint, const Plan& plan);
// The strategy that wrote a checkpoint; none for an empty one.
std::optional<Strategy> strategy_of(const std::string& checkpoint);

}  // namespace vhookd
