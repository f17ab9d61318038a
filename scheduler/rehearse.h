// What a poll would ask, without its table being read: for people who want to see it beforehand.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/query.h"
#include "core/value.h"
#include "scheduler/ask.h"
#include "scheduler/harvest.h"
#include "scheduler/plan.h"

namespace vhookd {

struct Rehearsal {
  std::vector<Ask> asks;   // in their order
  std::string checkpoint;  // what the poll would leave behind, had there been no rows
  bool refused = false;    // the role may not ask what an Ask marked refusable asks
};

using Read = std::function<Result<void>(const Ask& ask, const OnRow& on_row)>;

// Goes through one poll from `checkpoint` over a table that shows no rows. `read` is asked for the poll's
// position alone: the server's clock or snapshot, in timestamp's first poll also the newest time there is.
// What the poll makes of the known rows being gone lands in `harvest`.
Result<Rehearsal> rehearse(const Plan& plan, const std::string& checkpoint, KnownRows known, Harvest& harvest,
                           const Read& read);

KnownRows nothing_known();
KnownRows one_range_known();                // and not a row in it, which a poll that sees none takes for a difference
KnownRows only_known(const KnownRow& row);  // the same with this one

}  // namespace vhookd
