// What a poll would ask, without its table being read: for people who want to see it beforehand.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/query.h"
#include "core/value.h"
#include "scheduler/detect/plan.h"
#include "scheduler/detect/question.h"
#include "scheduler/payload/page_builder.h"

namespace vhookd {

struct Rehearsal {
  std::vector<Question> questions;  // in their order
  std::string checkpoint;           // what the poll would leave behind, had there been no rows
  bool refused = false;             // the role may not ask what an Question marked refusable asks
};

using Read = std::function<Result<void>(const Question& question, const OnRow& on_row)>;

// Goes through one poll from `checkpoint` over a table that shows no rows. `read` is asked for the poll's
// position alone: the server's clock or snapshot, in timestamp's first poll also the newest time there is.
// What the poll makes of the known rows being gone lands in `builder`.
Result<Rehearsal> rehearse(const Plan& plan, const std::string& checkpoint, KnownRows known, PageBuilder& builder,
                           const Read& read);

KnownRows nothing_known();
KnownRows one_range_known();                // and not a row in it, which a poll that sees none takes for a difference
KnownRows only_known(const KnownRow& row);  // the same with this one

}  // namespace vhookd
