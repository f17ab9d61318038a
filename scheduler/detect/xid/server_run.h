// Which run of a PostgreSQL server answers: from a start, or the recovery from a crash, to the next. Pure.
//
// Within one run a server's history only grows: what was final stays, and no xid is given out twice. Across a run's
// end that need not hold. A standby that is promoted may lack the last transactions of the server before it, a disk
// may have been set back, a crash under synchronous_commit = off takes the last commits along: each gives the same
// xids out again to other transactions, and nothing in the new rows tells.
#pragma once

#include <string_view>

namespace vhookd {

// Whether two answers come from one run: the same start, and one of the processes still there (some come and go).
bool same_server_run(std::string_view before, std::string_view now);

}  // namespace vhookd
