// What a poll would ask, without its table being read: for people who want to see it beforehand.
#pragma once

#include <string>
#include <vector>

#include "core/error.h"
#include "core/source.h"
#include "scheduler/detect/known_rows.h"
#include "scheduler/detect/plan.h"
#include "scheduler/payload/page_builder.h"

namespace vhookd {

struct Rehearsal {
  std::vector<Question> questions;  // in their order; they point at the plan
  std::string checkpoint;           // what the poll would leave behind, had there been no rows
  bool refused = false;             // the role may not ask for an OpenTransactionBound
};

// Goes through one poll from `checkpoint` over a table that shows no rows. `source` is asked where the database stands
// and nothing else. What the poll makes of the known rows being gone lands in `builder`.
Result<Rehearsal> rehearse(const Plan& plan, const std::string& checkpoint, KnownRows known, PageBuilder& builder,
                           Source& source);

KnownRows nothing_known();
KnownRows one_range_known();                // and not a row in it, which a poll that sees none takes for a difference
KnownRows only_known(const KnownRow& row);  // the same with this one

}  // namespace vhookd
