// Whether anything at all has changed at a database: one question that answers for all its webhooks. Pure.
//
// A database's answer is a token. A poll whose token was taken before its view began needs no successor while
// the same token comes again: everything committed by then was committed when the first was taken. That must
// hold without exception, so it is asked only where a change can't leave the token as it was.
//
// PostgreSQL: the text of pg_current_snapshot(), xmin:xmax:xip. No row changes without a transaction that has an
// xid, and none becomes visible but by the end of such a one. A transaction that ends between two equal
// snapshots would have to be one of these:
//   - it stood in xip (top-level and prepared transactions all do): ending takes it out, and the text differs;
//   - its xid was at or above xmax: xmax is one more than the largest xid that has ended, so it moves past it;
//   - it was a subtransaction, which becomes visible with its parent only, and that is one of the two above.
// So equal texts mean that none ended, whatever is still open. Not on a standby, whose list of running
// transactions is not in the text. A server that was restarted, failed over or has recovered from a crash may
// count up to the same text with other rows behind it, so its start and the process ids of its own auxiliary
// processes, all of which a crash renews, stand in the token as well. What changes without any commit is not
// asked about at all: views (their query may look at the clock), foreign tables, row security.
//
// SQLite: PRAGMA data_version on one connection held open changes with every commit of another, and nobody
// else's can be compared with it.
//
// MySQL and MariaDB: none. The position in the binary log moves before the commit can be seen, does not move
// for sessions with sql_log_bin = 0 or databases left out of the log, and information_schema's update_time has
// whole seconds: each could hide a change.
#pragma once

#include <optional>
#include <string>

#include "scheduler/detect/plan.h"

namespace vhookd {

// What a poll of this table reads changes by commits at this server alone.
bool changes_by_commits_alone(const Table& table);

// For explain: whether and why polls are left out.
std::string idle_text(const Plan& plan);

}  // namespace vhookd
