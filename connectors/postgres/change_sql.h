// Rows by the transaction that wrote each: PostgreSQL's answers to ChangePosition, ChangeScan and TableCheck. Pure.
//
// A row's token is its xmin. Of a table that has its rows in several (the leaves of a partitioned one, or the tables
// that inherit from a plain one) each part stands as "oid:file" in the list of files. The plain table's own rows are
// always there; it stands with 0 for its oid, so that its file counts too.
#pragma once

#include <cstdint>

#include "connectors/sql/query.h"
#include "core/question.h"

namespace vhookd::postgres {

// What describe() notes of a table in addition, for the statements and the session.
struct Notes final : TableNotes {
  std::uint64_t oid = 0;
  bool short_rows = false;  // each fits into a page of 8 KiB, as it is stored
};
const Notes& notes_of(const Table& table);  // of a table without any: empty ones

Query position_query(const ChangePosition& asked);
Query scan_query(const ChangeScan& asked);
Query check_query(const TableCheck& asked);

}  // namespace vhookd::postgres
